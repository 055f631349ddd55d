"""Figures of systems that were trained with several seeds: means over seeds, and paired differences.

Intervals come from resampling both clusters of test rows and seeds; every system sees the same resamples, so the
difference of two has an interval of its own. Few seeds say little about how seeds scatter: an interval from three is
too narrow in that part.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from trainer.metrics import Figure, Matrices

__all__ = ["Resampling"]

_RESAMPLES = 1000
_SEED = 20_190_914


class Resampling:
    """One test set and task: `truth` [k], `groups` [k], and the resamples that all systems share."""

    def __init__(self, truth: NDArray[np.int64], groups: Sequence[object], *, classes: int) -> None:
        self._truth, self._classes = truth, classes
        _, self._cluster = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
        size = int(self._cluster.max()) + 1
        rng = np.random.default_rng(_SEED)
        self._drawn = rng.multinomial(size, np.full(size, 1.0 / size), size=_RESAMPLES).astype(float)

    def figure(
        self,
        answers: Sequence[NDArray[np.int64]],
        statistic: Callable[[Matrices], NDArray[np.float64]],
        *,
        minus: Sequence[NDArray[np.int64]] | None = None,
    ) -> Figure:
        """Return the mean of `statistic` over seeds, each having answered all rows [k]; less that of `minus`."""
        value, resampled = self._mean(answers, statistic)
        if minus is not None:
            other, others = self._mean(minus, statistic)
            value, resampled = value - other, resampled - others
        low, high = np.nanpercentile(resampled, [2.5, 97.5])
        return Figure(value, float(low), float(high), len(self._truth))

    def _mean(
        self, answers: Sequence[NDArray[np.int64]], statistic: Callable[[Matrices], NDArray[np.float64]]
    ) -> tuple[float, NDArray[np.float64]]:
        matrices = [self._matrices(answer) for answer in answers]
        values = [float(statistic(matrix.sum(axis=0))) for matrix in matrices]
        resampled = np.stack([statistic(np.tensordot(self._drawn, one, axes=1)) for one in matrices])
        seeds = len(answers)
        drawn = np.random.default_rng(_SEED).multinomial(seeds, np.full(seeds, 1.0 / seeds), size=_RESAMPLES)
        return float(np.mean(values)), (resampled * drawn.T).sum(axis=0) / seeds

    def _matrices(self, answer: NDArray[np.int64]) -> NDArray[np.float64]:
        per_cluster = np.zeros((self._drawn.shape[1], self._classes, self._classes))
        np.add.at(per_cluster, (self._cluster, self._truth, answer), 1.0)
        return per_cluster
