"""Labelled rows from each source, and their splits."""

from trainer.data.rows import DIAGNOSIS_LABELS, Row

__all__ = ["DIAGNOSIS_LABELS", "Row"]
