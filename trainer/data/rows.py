"""The one shape that all sources take."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.text import VITALS_FIELDS

__all__ = ["DIAGNOSIS_LABELS", "NORMAL", "NO_VITALS", "URGENCY_LEVELS", "Row", "labelled", "stack_vitals"]

DIAGNOSIS_LABELS = ("normal", "hypertension", "diabetes", "heart_disease", "cancer")
"""In the order of the logits. `normal` means none of the other four explains the presentation, never health."""

NORMAL = DIAGNOSIS_LABELS.index("normal")

URGENCY_LEVELS = (1, 2, 3, 4, 5)

NO_VITALS: NDArray[np.float32] = np.full(len(VITALS_FIELDS), np.nan, dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One text with what is known of it.

    `vitals` [v] float32, NaN where unknown. A label of None is not known and takes no part in its loss. Rows that
    share `group` are near-duplicates by their source's own account and never land in different splits. `language`: of
    the text (BCP 47), None where the source doesn't say. `paraphrases`: of the text, where it is trained on with them
    (`trainer.paraphrase`); a dataset holds none.
    """

    source: str
    text: str
    group: str
    vitals: NDArray[np.float32]
    diagnosis: str | None = None
    urgency_level: int | None = None
    language: str | None = None
    paraphrases: tuple[str, ...] = ()

    @property
    def diagnosis_index(self) -> int | None:
        """Position of the label among the logits."""
        return None if self.diagnosis is None else DIAGNOSIS_LABELS.index(self.diagnosis)

    @property
    def urgency_index(self) -> int | None:
        """0 for level 1 (most urgent) to 4 for level 5."""
        return None if self.urgency_level is None else self.urgency_level - 1


def labelled(rows: Iterable[Row], task: str) -> tuple[list[Row], NDArray[np.int64]]:
    """Return the rows that carry a label for `task` ("diagnosis" or "urgency") and the labels' indices [k]."""
    pairs = [(row, row.diagnosis_index if task == "diagnosis" else row.urgency_index) for row in rows]
    known = [(row, index) for row, index in pairs if index is not None]
    return [row for row, _ in known], np.array([index for _, index in known], dtype=np.int64)


def stack_vitals(rows: Iterable[Row]) -> NDArray[np.float32]:
    """Return [k, v] float32, NaN where unknown."""
    return np.stack([row.vitals for row in rows])
