"""Learning without labels: answers that the served version is sure of become labels. Off unless asked for.

Only diagnoses: urgency is never taken from the model that will be judged by it. The probability is the calibrated
one of the version that is continued. What it brings and costs is measured in docs/reference/continual.md.
"""

from collections.abc import Sequence
from dataclasses import replace

from trainer import calibrate
from trainer.data.rows import DIAGNOSIS_LABELS, Row
from trainer.evaluate import Calibrated
from trainer.served import ServedGraph

__all__ = ["with_pseudo_labels"]


def with_pseudo_labels(
    rows: Sequence[Row], graph: ServedGraph, calibrated: Calibrated, sure_from: float | None
) -> list[Row]:
    """Return the labelled rows, and those without any label whose diagnosis has at least `sure_from` probability."""
    known = [row for row in rows if row.diagnosis is not None or row.urgency_level is not None]
    unknown = [row for row in rows if row.diagnosis is None and row.urgency_level is None]
    if sure_from is None or not unknown:
        return known
    logits = graph.ask(unknown, title="pseudo-labels").diagnosis_logits
    p = calibrate.probabilities(logits, calibrated.diagnosis_temperature)
    sure = zip(unknown, p.max(axis=1) >= sure_from, p.argmax(axis=1), strict=True)
    return known + [replace(row, diagnosis=DIAGNOSIS_LABELS[best]) for row, is_sure, best in sure if is_sure]
