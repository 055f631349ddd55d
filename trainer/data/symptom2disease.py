"""Symptom2Disease: 1,200 first-person symptom descriptions of 24 conditions, 50 each.

Two conditions are labels of ours; the other 22 are none of the four and count as `normal`. It knows no urgency, no
heart disease and no cancer, and near half of it are near-duplicates of each other.
"""

import csv
from pathlib import Path

from trainer.data.rows import NO_VITALS, Row

__all__ = ["SOURCE", "load"]

SOURCE = "symptom2disease"
_LABELS = {"hypertension": "hypertension", "diabetes": "diabetes"}


def load(data_dir: Path) -> list[Row]:
    """Read `symptom2disease/Symptom2Disease.csv` under `data_dir`."""
    path = data_dir / SOURCE / "Symptom2Disease.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        return [
            Row(
                source=SOURCE,
                text=record["text"],
                group=f"{SOURCE}/{number}",
                vitals=NO_VITALS,
                diagnosis=_LABELS.get(record["label"].lower(), "normal"),
            )
            for number, record in enumerate(csv.DictReader(stream))
        ]
