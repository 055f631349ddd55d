"""Intervals of shares and of anything that can be computed anew on a resample."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from trainer.metrics import Figure, areas

__all__ = ["BOOTSTRAP", "SEED", "WILSON", "resampled", "resampled_area", "share", "wilson"]

SEED = 20_190_914
WILSON = "95 % Wilson score interval; rows count as independent"
BOOTSTRAP = (
    "95 % percentile interval over resamples of whole clusters of near-duplicates (rows that share their source's "
    "group, or most of their words)"
)


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
    cluster = _clusters(groups)
    order = np.argsort(cluster, kind="stable")
    sizes = np.bincount(cluster)
    starts = sizes.cumsum() - sizes
    values = []
    for drawn in _draws(len(sizes), seed, resamples):
        long = sizes[drawn]
        # One after another the members of the drawn clusters.
        within = np.arange(long.sum()) - np.repeat(long.cumsum() - long, long)
        values.append(statistic(order[np.repeat(starts[drawn], long) + within]))
    return _figure(statistic(np.arange(len(cluster))), values, len(cluster))


def resampled_area(
    score: NDArray[np.float64],
    positive: NDArray[np.bool_],
    groups: Sequence[object],
    *,
    seed: int,
    resamples: int = 300,
) -> Figure:
    """Do the same for the area under the ROC curve of `score` [k] for `positive` [k], all resamples at once."""
    cluster = _clusters(groups)
    size = int(cluster.max()) + 1
    counts = [np.bincount(drawn, minlength=size) for drawn in _draws(size, seed, resamples)]
    whole, *values = areas(score, positive, np.stack([np.ones(size), *counts])[:, cluster])
    return _figure(float(whole), values, len(cluster))


def _clusters(groups: Sequence[object]) -> NDArray[np.int64]:
    _, cluster = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    return np.asarray(cluster, dtype=np.int64)


def _draws(clusters: int, seed: int, resamples: int) -> Iterator[NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    for _ in range(resamples):
        yield rng.integers(clusters, size=clusters)


def _figure(value: float, values: Sequence[float], n: int) -> Figure:
    if np.isnan(values).all():
        return Figure(value, float("nan"), float("nan"), n)
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return Figure(value, float(low), float(high), n)
