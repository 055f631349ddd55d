"""The real visits, what may be trained beside them, and out-of-fold answers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.ablations.crossval import Fold, deals
from trainer.ablations.embedded import Embedded, embedded, joined
from trainer.ablations.heads import UrgencyHead
from trainer.ablations.near_copies import NearCopies
from trainer.baselines import BagOfWords
from trainer.data import corpus, ktas, visits
from trainer.data.rows import URGENCY_LEVELS, Row, labelled
from trainer.data.splits import cluster

__all__ = ["SOURCES", "HeadSetting", "Judged", "Visits", "read_visits"]

STORIES, WRITTEN_VISITS, SEED = 8000, 4000, 3
SOURCES: Mapping[str, tuple[tuple[str, ...], bool]] = {
    "written stories": ((corpus.SOURCE,), False),
    "written visits": ((visits.SOURCE,), False),
    "stories, written visits": ((corpus.SOURCE, visits.SOURCE), False),
    "real visits": ((), True),
    "real visits, stories": ((corpus.SOURCE,), True),
    "real visits, written visits": ((visits.SOURCE,), True),
    "all three": ((corpus.SOURCE, visits.SOURCE), True),
}
"""Name -> (written sources, whether the real visits of the training folds take part)."""

_WRITE: Mapping[str, Callable[[], list[Row]]] = {
    corpus.SOURCE: lambda: corpus.load(STORIES, SEED),
    visits.SOURCE: lambda: visits.load(WRITTEN_VISITS, SEED),
}
_HELD_BY = (0.01, 0.03, 0.1)
_HELD_BY_WITHOUT_REAL = 0.03
_REAL_ROW_COUNTS_AS = 4.0
_SMALLEST = 1e-9
Judged = tuple[NDArray[np.int64], UrgencyHead]


@dataclass(frozen=True, slots=True)
class HeadSetting:
    """What a head is trained on, and which sides it sees."""

    written: tuple[str, ...]
    real: bool
    with_words: bool = True
    with_vitals: bool = True


@dataclass(frozen=True, slots=True)
class Visits:
    """Real visits with their levels (index 0-4) and clusters, and written rows by source.

    `copies`: of all their texts. No head trains on a written near-copy of a real visit that it doesn't train on.
    """

    real: Embedded
    levels: NDArray[np.int64]
    clusters: NDArray[np.int64]
    written: Mapping[str, Embedded]
    copies: NearCopies

    def folds(self, seed: int) -> Iterator[Fold]:
        """Yield the folds that `heads` has with this seed."""
        return deals(self.levels, self.clusters, seed)

    def heads(self, setting: HeadSetting, seed: int) -> list[Judged]:
        """Return each fold's test rows, with a head that saw no such real visit; one head if no real row trains."""
        if not setting.real:
            nothing = np.array([], dtype=np.int64)
            return [(np.arange(len(self.levels)), self._fit(setting, nothing, _HELD_BY_WITHOUT_REAL))]
        return [
            (test, self._fit(setting, train, self._chosen(setting, train)))
            for train, test in self.folds(seed)
        ]

    def answers(self, heads: Sequence[Judged], ask: Embedded | None = None) -> NDArray[np.float64]:
        """Return P(level) [k, 5] of each real visit; `ask`: the same visits as another hospital would send them."""
        asked = self.real if ask is None else ask
        p = np.zeros((len(self.levels), len(URGENCY_LEVELS)))
        for test, head in heads:
            p[test] = head.probabilities(asked.take(test))
        return p

    def bag_of_words(self, seed: int) -> NDArray[np.float64]:
        """Return P(level) [k, 5] of each real visit by the baseline, trained on the real visits of the other folds."""
        p = np.zeros((len(self.levels), len(URGENCY_LEVELS)))
        for train, test in self.folds(seed):
            baseline = BagOfWords(self.real.take(train).rows, "urgency")
            p[test] = baseline.probabilities(self.real.take(test).rows, len(URGENCY_LEVELS))
        return p

    def _chosen(self, setting: HeadSetting, train: NDArray[np.int64]) -> float:
        """Return the penalty of least error on one inner fold of the real training rows."""
        kept, tried = next(deals(self.levels[train], self.clusters[train], 0))
        kept, tried = train[kept], train[tried]

        def error(held_by: float) -> float:
            p = self._fit(setting, kept, held_by).probabilities(self.real.take(tried))
            return float(-np.log(p[np.arange(len(tried)), self.levels[tried]] + _SMALLEST).mean())

        return min(_HELD_BY, key=error)

    def _fit(self, setting: HeadSetting, train: NDArray[np.int64], held_by: float) -> UrgencyHead:
        held_out = np.setdiff1d(np.arange(len(self.levels)), train)
        parts = [self._apart(self.written[name], held_out) for name in setting.written]
        parts += [self.real.take(train)] if setting.real else []
        rows = joined(parts)
        weights = np.array([_REAL_ROW_COUNTS_AS if row.source == ktas.SOURCE else 1.0 for row in rows.rows])
        return UrgencyHead(
            rows, weights, held_by=held_by, with_words=setting.with_words, with_vitals=setting.with_vitals
        )

    def _apart(self, part: Embedded, held_out: NDArray[np.int64]) -> Embedded:
        return part.take(self.copies.without(part.rows, [self.real.rows[i] for i in held_out]))


def read_visits(data: Path, cache: Path, written: Sequence[str] = (corpus.SOURCE, visits.SOURCE)) -> Visits:
    """Read the real visits under `data`, write those of the sources in `written`, and embed them all."""
    real, levels = labelled(ktas.load(data), "urgency")
    beside = {name: embedded(_WRITE[name](), cache) for name in written}
    copies = NearCopies([*real, *(row for part in beside.values() for row in part.rows)])
    return Visits(embedded(real, cache), levels, cluster(real), beside, copies)
