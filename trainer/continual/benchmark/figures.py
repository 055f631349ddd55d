"""What a way through the rounds comes to, from one macro-F1 for each test after each round.

Forgetting of a test is what was known right after the round that taught it, less what is known at the end (the negative
of BWT); forward transfer is what is known right before that round, less what was known at the start. Lopez-Paz and
Ranzato, "Gradient Episodic Memory for Continual Learning", NeurIPS 2017.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

__all__ = ["Course", "interval"]

_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """`score` [r + 1, t]: of t tests before anything and after each of r rounds, in points (0 to 100), NaN where a test
    was not judged. `taught_in` [t]: the round of each test, 1 for the first; 0 where the start knows it already.
    """

    score: NDArray[np.float64]
    taught_in: NDArray[np.int64]

    @property
    def average(self) -> float:
        """Mean over tests at the end."""
        return float(self.score[-1].mean())

    @property
    def forgetting(self) -> NDArray[np.float64]:
        """Of each test [t]; 0 for those of the last round."""
        return np.asarray(self.score[self.taught_in, np.arange(self.score.shape[1])] - self.score[-1])

    @property
    def _past(self) -> NDArray[np.bool_]:
        return np.asarray(self.taught_in < len(self.score) - 1)

    @property
    def mean_forgetting(self) -> float:
        """Over the tests of all rounds but the last."""
        return float(self.forgetting[self._past].mean())

    @property
    def worst_forgetting(self) -> float:
        """The most that was lost of one test."""
        return float(self.forgetting[self._past].max())

    @property
    def forward_transfer(self) -> float:
        """Mean over the tests of later rounds."""
        later = np.flatnonzero(self.taught_in > 0)
        before = self.score[self.taught_in[later] - 1, later]
        return float((before - self.score[0, later]).mean())


def interval(values: Sequence[float]) -> dict[str, float | None]:
    """Return the mean over seeds and its 95 % interval by Student's t, None of one seed."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return {"value": mean, "low": None, "high": None}
    half = float(stats.t.ppf(0.5 + _CONFIDENCE / 2, len(values) - 1) * stats.sem(values))
    return {"value": mean, "low": mean - half, "high": mean + half}
