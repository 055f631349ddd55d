"""Intervals of shares and of anything that can be computed anew on a resample."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from trainer.metrics import Figure

__all__ = ["BOOTSTRAP", "SEED", "WILSON", "resampled", "share", "wilson"]

SEED = 20_190_914
WILSON = "95 % Wilson score interval; rows count as independent"
BOOTSTRAP = "95 % percentile interval over resamples of whole clusters of near-duplicates"


def wilson(hits: int, n: int) -> Figure:
    """Return hits / n with its Wilson score interval (Wilson, JASA 22, 1927); undefined (NaN) where n is 0."""
    if n == 0:
        return Figure(float("nan"), float("nan"), float("nan"), 0)
    interval = binomtest(int(hits), int(n)).proportion_ci(method="wilson")
    return Figure(hits / n, float(interval.low), float(interval.high), int(n))


def share(hit: NDArray[np.bool_], among: NDArray[np.bool_] | None = None) -> Figure:
    """Return the share of True in `hit` [k], or of those `among` [k], with its Wilson interval."""
    chosen = hit if among is None else hit[among]
    return wilson(int(chosen.sum()), len(chosen))


def resampled(
    statistic: Callable[[NDArray[np.int64]], float],
    groups: Sequence[object],
    *,
    seed: int,
    resamples: int = 300,
) -> Figure:
    """Bootstrap `statistic`, a function of row positions, over whole groups.

    Resamples on which it is undefined (NaN) are left out.
    """
    _, cluster = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    order = np.argsort(cluster, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(cluster[order])) + 1)
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(resamples):
        drawn = rng.integers(len(members), size=len(members))
        values.append(statistic(np.concatenate([members[number] for number in drawn])))
    value = statistic(np.arange(len(cluster)))
    if np.isnan(values).all():
        return Figure(value, float("nan"), float("nan"), len(cluster))
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return Figure(value, float(low), float(high), len(cluster))
