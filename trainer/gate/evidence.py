"""What both versions are judged on.

The regression set is frozen: the same rows for every candidate, so that what was learned once is not lost unseen. A
hospital gives its own; without one it is written here, from the corpus and the visits, with a seed of its own. The
written one has as many urgent rows as a margin of two points needs, so its shares are not those of any waiting room.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from trainer.data import corpus, visits
from trainer.data.dataset import Dataset
from trainer.data.errors import NothingToLearn
from trainer.data.manifest import content_sha256
from trainer.data.rows import Row
from trainer.gate.report import EvidenceUsed

__all__ = ["URGENT", "Evidence", "of_dataset", "written"]

URGENT = 2
"""Levels 1 and 2 compare across triage scales."""

_SEED = 880_717
_WRITTEN_OF_EACH = 3000
_URGENT_OF_EACH, _OTHERS_OF_EACH = 700, 500


@dataclass(frozen=True, slots=True)
class Evidence:
    """Named rows, with the digest of what they hold."""

    name: str
    rows: tuple[Row, ...]

    @property
    def used(self) -> EvidenceUsed:
        """For the report."""
        urgent = sum(row.urgency_level is not None and row.urgency_level <= URGENT for row in self.rows)
        return EvidenceUsed(
            name=self.name,
            rows=len(self.rows),
            urgent_rows=urgent,
            sha256=content_sha256(
                self.rows, np.zeros(len(self.rows), dtype=np.int64), ["test"] * len(self.rows)
            ),
        )


def of_dataset(name: str, dataset: Dataset) -> Evidence:
    """Take the rows of the `test` part: the others may have been trained on. Raises NothingToLearn without any."""
    rows = dataset.splits.test
    if not rows:
        raise NothingToLearn(
            f"{name}: no row is held back for the test; `triage data merge --hold-out SOURCE` holds back a source"
        )
    return Evidence(name, rows)


def written(
    *, urgent_of_each: int = _URGENT_OF_EACH, others_of_each: int = _OTHERS_OF_EACH, seed: int = _SEED
) -> Evidence:
    """Write the regression set anew: the same rows every time."""
    rows: list[Row] = []
    for source in (corpus, visits):
        made = source.load(_WRITTEN_OF_EACH, seed)
        rows += _drawn(made, urgent_of_each, seed, urgent=True)
        rows += _drawn(made, others_of_each, seed, urgent=False)
    return Evidence("regression", tuple(rows))


def _drawn(rows: Sequence[Row], count: int, seed: int, *, urgent: bool) -> list[Row]:
    among = [row for row in rows if row.urgency_level is not None and (row.urgency_level <= URGENT) is urgent]
    return Random(seed).sample(among, min(count, len(among)))
