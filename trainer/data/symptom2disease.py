"""Symptom2Disease: 1,200 first-person symptom descriptions of 24 conditions, 50 each.

Two conditions are labels of ours; the other 22 are none of the four and count as `normal`. It knows no urgency, no
heart disease and no cancer, and near half of it are near-duplicates of each other.
"""

from pathlib import Path

from trainer.data.rows import NO_VITALS, Row
from trainer.data.tables import FIRST_ROW, read_table

__all__ = ["FILE", "SOURCE", "load"]

SOURCE = "symptom2disease"
FILE = "symptom2disease/Symptom2Disease.csv"
_LABELS = {"hypertension": "hypertension", "diabetes": "diabetes"}


def load(data_dir: Path) -> list[Row]:
    """Read the descriptions under `data_dir`. Raises BadData."""
    table = read_table(data_dir / FILE, columns=("label", "text"), encoding="utf-8")
    return [
        Row(
            source=SOURCE,
            text=record["text"],
            group=f"{SOURCE}/{number - FIRST_ROW}",
            vitals=NO_VITALS,
            diagnosis=_LABELS.get(record["label"].lower(), "normal"),
            language="en",
        )
        for number, record in table
    ]
