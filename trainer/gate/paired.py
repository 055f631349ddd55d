"""The statistics of two versions that answered the same rows.

Shares: Tango's score test for paired proportions (Statistics in Medicine 17, 1998, 891-908), which holds its level in
small samples and where the versions hardly differ. Rows of one cluster depend on each other, so counts are divided by a
design effect first (Rao and Scott, Biometrics 48, 1992). Macro-F1: resampling of whole clusters, paired.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm

from trainer.metrics import Matrices

__all__ = ["Compared", "compare_scores", "compare_shares", "design_effect", "tango", "upper_bound"]

_SEED = 20_241_017
_SIMULATIONS = 4000
_RESAMPLES = 1000
_ENOUGH_DIFFERENCES = 10
_EPSILON = 1e-9


@dataclass(frozen=True, slots=True)
class Compared:
    """How much worse the candidate is: `worse_by`, one-sided bounds at the level asked for, and the test's power.

    `at_least` > 0: it is worse beyond chance. `effective_n`: independent rows that the rows are worth.
    """

    n: int
    effective_n: float
    live: float
    candidate: float
    at_least: float
    at_most: float
    power: float

    @property
    def worse_by(self) -> float:
        """By how much."""
        return self.live - self.candidate


def compare_shares(
    live: NDArray[np.bool_],
    candidate: NDArray[np.bool_],
    groups: Sequence[object],
    *,
    margin: float,
    level: float,
) -> Compared:
    """Compare shares of True, which is good, in [k] each (k > 0)."""
    n = len(live)
    lost, won = int((live & ~candidate).sum()), int((candidate & ~live).sum())
    effect = design_effect(live.astype(float) - candidate, groups)
    b, c, size = lost / effect, won / effect, n / effect
    return Compared(
        n=n,
        effective_n=size,
        live=float(live.mean()),
        candidate=float(candidate.mean()),
        at_least=-upper_bound(c, b, size, level),
        at_most=upper_bound(b, c, size, level),
        power=_power(size, (b + c + 0.5) / (size + 1), margin, level),
    )


def design_effect(difference: NDArray[np.float64], groups: Sequence[object]) -> float:
    """Return the variance of the mean of `difference` [k] over clusters, in units of that over independent rows.

    At least 1. With fewer than ten rows that differ dependence can't be estimated: each cluster counts as one row.
    """
    _, cluster = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    n, number = len(difference), int(cluster.max()) + 1
    if number < 2 or np.count_nonzero(difference) < _ENOUGH_DIFFERENCES:
        return n / number
    centred = difference - difference.mean()
    per_cluster = np.bincount(cluster, weights=centred)
    between = float((per_cluster**2).sum()) * number / (number - 1)
    within = float((centred**2).sum()) * n / (n - 1)
    return min(max(1.0, between / within), n / 2)


def tango(
    lost: NDArray[np.float64] | float,
    won: NDArray[np.float64] | float,
    n: float,
    loss: NDArray[np.float64] | float,
) -> NDArray[np.float64]:
    """Return z for "p(live) - p(candidate) is at least `loss`": large values speak against it.

    `lost`: rows that live had right and the candidate has not; `won`: the reverse. Counts may be fractions.
    """
    b, c = np.asarray(lost, dtype=float), np.asarray(won, dtype=float)
    gain = -np.asarray(loss, dtype=float)
    linear = -b - c + (2 * n + b - c) * gain
    constant = -b * gain * (1 - gain)
    root = np.sqrt(np.maximum(linear**2 - 8 * n * constant, 0.0))
    nuisance = (root - linear) / (4 * n)
    variance = n * (2 * nuisance + gain - gain**2)
    return np.asarray((c - b - n * gain) / np.sqrt(np.maximum(variance, _EPSILON)))


def upper_bound(lost: float, won: float, n: float, level: float) -> float:
    """Return the largest loss that the test doesn't exclude at one-sided `level`."""
    z = float(norm.isf(level))

    def above(loss: float) -> float:
        return float(tango(lost, won, n, loss)) - z

    least, most = (lost - won) / n - _EPSILON, 1 - _EPSILON
    return 1.0 if above(most) <= 0 else float(brentq(above, least, most))


def _power(n: float, differing: float, margin: float, level: float) -> float:
    """Return how often the test passes versions that are equally good and differ on a share of the rows."""
    size = max(int(n), 1)
    draws = np.random.default_rng(_SEED).multinomial(
        size, [differing / 2, differing / 2, 1 - differing], size=_SIMULATIONS
    )
    lost, won = draws[:, 0].astype(float), draws[:, 1].astype(float)
    return float((tango(lost, won, size, margin) >= norm.isf(level)).mean())


def compare_scores(
    truth: NDArray[np.int64],
    live: NDArray[np.int64],
    candidate: NDArray[np.int64],
    groups: Sequence[object],
    statistic: Callable[[Matrices], NDArray[np.float64]],
    *,
    classes: int,
    margin: float,
    level: float,
) -> Compared:
    """Compare a statistic of the confusion matrix; an answer may be -1 (none), which is no class."""
    _, cluster = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    size = int(cluster.max()) + 1
    drawn = (
        np.random.default_rng(_SEED).multinomial(size, np.full(size, 1 / size), size=_RESAMPLES).astype(float)
    )
    whole, resampled = [], []
    for answer in (live, candidate):
        # one column more than classes: no answer
        matrices = np.zeros((size, classes + 1, classes + 1))
        np.add.at(matrices, (cluster, truth, np.where(answer < 0, classes, answer)), 1.0)
        whole.append(float(statistic(matrices.sum(axis=0))))
        resampled.append(statistic(np.tensordot(drawn, matrices, axes=1)))
    error = max(float(np.nanstd(resampled[0] - resampled[1])), _least_error(truth))
    z, loss = norm.isf(level), whole[0] - whole[1]
    return Compared(
        n=len(truth),
        effective_n=size,
        live=whole[0],
        candidate=whole[1],
        at_least=loss - z * error,
        at_most=loss + z * error,
        power=float(norm.cdf(margin / error - z)),
    )


def _least_error(truth: NDArray[np.int64]) -> float:
    """Return the standard error of a macro average where, of each class, half a row is answered differently.

    Versions that answer alike have no variance on the rows at hand; that doesn't say that they never differ.
    """
    counts = np.unique(truth, return_counts=True)[1].astype(float)
    return float(np.sqrt((0.5 / ((counts + 1) * counts)).sum()) / len(counts))
