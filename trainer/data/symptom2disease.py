"""Symptom2Disease: 1,200 first-person symptom descriptions of 24 conditions, 50 each.

Two conditions are labels of ours; the other 22 are none of the four and count as `normal`. It knows no urgency, no
heart disease and no cancer, and near half of it are near-duplicates of each other.
"""

from collections.abc import Callable
from pathlib import Path

from trainer.data.rows import NO_VITALS, Row
from trainer.data.tables import FIRST_ROW, read_table

__all__ = ["FILE", "SOURCE", "load"]

SOURCE = "symptom2disease"
FILE = "symptom2disease/Symptom2Disease.csv"
_LABELS = {"hypertension": "hypertension", "diabetes": "diabetes"}


def _label_of_ours(condition: str) -> str:
    return _LABELS.get(condition.lower(), "normal")


def load(data_dir: Path, *, of_label: Callable[[str], str] = _label_of_ours) -> list[Row]:
    """Read the descriptions under `data_dir`; `of_label` names the diagnosis of a condition. Raises BadData."""
    table = read_table(data_dir / FILE, columns=("label", "text"), encoding="utf-8")
    return [
        Row(
            source=SOURCE,
            text=record["text"],
            group=f"{SOURCE}/{number - FIRST_ROW}",
            vitals=NO_VITALS,
            diagnosis=of_label(record["label"]),
            language="en",
        )
        for number, record in table
    ]
