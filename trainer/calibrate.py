"""Temperatures and thresholds, fitted on the calibration split and nowhere else."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.covariance import LedoitWolf

from streams.domain.domain_distance import DomainStatistics
from trainer.data.rows import DIAGNOSIS_LABELS, Row

__all__ = [
    "TradeOff",
    "abstain_below",
    "domain_statistics",
    "fit_temperature",
    "most_urgent_plausible",
    "negative_log_likelihood",
    "out_of_domain_above",
    "plausible_from",
    "probabilities",
    "source_weights",
]

_TEMPERATURES = (0.2, 10.0)
_THRESHOLDS = np.round(np.arange(0.02, 0.51, 0.01), 2)
_ABSTENTION_STEPS = np.round(np.arange(0.20, 0.96, 0.01), 2)
_URGENT = 2
_IN_DOMAIN_QUANTILE = 0.99


@dataclass(frozen=True, slots=True)
class TradeOff:
    """What a threshold costs on the calibration split, each a share of the rows it concerns."""

    threshold: float
    missed_urgent: float
    raised_non_urgent: float


def probabilities(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float64]:
    """Return calibrated probabilities [k, c]."""
    return np.asarray(softmax(logits.astype(np.float64) / temperature, axis=1))


def source_weights(rows: Sequence[Row]) -> NDArray[np.float64]:
    """Return weights [k] by which each source counts alike: real rows are few beside written ones."""
    counts = Counter(row.source for row in rows)
    return np.array([1.0 / counts[row.source] for row in rows])


def negative_log_likelihood(
    logits: NDArray[np.float32], truth: NDArray[np.int64], weights: NDArray[np.float64], temperature: float
) -> float:
    """Weighted mean over rows of -log p(truth)."""
    log_p = log_softmax(logits.astype(np.float64) / temperature, axis=1)
    return float(np.average(-log_p[np.arange(len(truth)), truth], weights=weights))


def fit_temperature(
    logits: NDArray[np.float32], truth: NDArray[np.int64], weights: NDArray[np.float64]
) -> float:
    """Return the temperature of least negative log-likelihood (Guo et al., ICML 2017)."""
    fitted = minimize_scalar(
        lambda temperature: negative_log_likelihood(logits, truth, weights, temperature),
        bounds=_TEMPERATURES,
        method="bounded",
    )
    return float(fitted.x)


def abstain_below(
    p: NDArray[np.float64], truth: NDArray[np.int64], weights: NDArray[np.float64], *, wanted_accuracy: float
) -> float:
    """Return the smallest threshold from which the given labels are right often enough, else the largest."""
    confidence, hit = p.max(axis=1), p.argmax(axis=1) == truth
    for threshold in _ABSTENTION_STEPS:
        given = confidence >= threshold
        if given.any() and np.average(hit[given], weights=weights[given]) >= wanted_accuracy:
            return float(threshold)
    return float(_ABSTENTION_STEPS[-1])


def most_urgent_plausible(p: NDArray[np.float64], threshold: float) -> NDArray[np.int64]:
    """Return, for each row, the index of the most urgent level k with P(level <= k) >= threshold."""
    return np.asarray((p.cumsum(axis=1) >= threshold - 1e-9).argmax(axis=1), dtype=np.int64)


def plausible_from(
    p: NDArray[np.float64],
    truth: NDArray[np.int64],
    weights: NDArray[np.float64],
    *,
    missed_at_most: float,
    raised_at_most: float,
) -> tuple[float, tuple[TradeOff, ...]]:
    """Return the largest threshold that misses few urgent rows, unless that raises too many others.

    Missed: true level 1-2 whose most urgent plausible level is 3-5. Raised: the reverse. Where no threshold
    holds both limits, the smallest that holds `raised_at_most` is returned. Also returns the whole trade-off.
    """
    curve = tuple(_trade_off(p, truth, weights, float(threshold)) for threshold in _THRESHOLDS)
    safe = [point for point in curve if point.missed_urgent <= missed_at_most]
    affordable = [point for point in curve if point.raised_non_urgent <= raised_at_most]
    if safe and safe[-1].raised_non_urgent <= raised_at_most:
        return safe[-1].threshold, curve
    return (affordable[0] if affordable else curve[-1]).threshold, curve


def _trade_off(
    p: NDArray[np.float64], truth: NDArray[np.int64], weights: NDArray[np.float64], threshold: float
) -> TradeOff:
    raised = most_urgent_plausible(p, threshold) < _URGENT
    urgent = truth < _URGENT
    return TradeOff(
        threshold=threshold,
        missed_urgent=_share(~raised, urgent, weights),
        raised_non_urgent=_share(raised, ~urgent, weights),
    )


def _share(hit: NDArray[np.bool_], among: NDArray[np.bool_], weights: NDArray[np.float64]) -> float:
    return float(np.average(hit[among], weights=weights[among])) if among.any() else 0.0


def domain_statistics(rows: Sequence[Row], embedding: NDArray[np.float32]) -> DomainStatistics:
    """Return what `embedding` [k, h] of `rows` is like.

    Class means and the inverse root of the shared, shrunk covariance, rows without a diagnosis being a class of their
    own; of the directions in which it varies at length 1, the first half.
    """
    names = [*DIAGNOSIS_LABELS, None]
    member = np.array([names.index(row.diagnosis) for row in rows])
    present = np.unique(member)
    mean = np.stack([embedding[member == index].mean(axis=0) for index in present])
    centred = embedding - mean[np.searchsorted(present, member)]
    values, vectors = np.linalg.eigh(LedoitWolf(assume_centered=True).fit(centred).covariance_)
    known = DomainStatistics(
        mean=mean.astype(np.float32), whitening=(vectors / np.sqrt(values)).astype(np.float32)
    )
    if len(embedding) < 2 * embedding.shape[1]:
        return known  # too few to tell main directions from those of these very rows
    unit = embedding / np.linalg.norm(embedding, axis=1, keepdims=True)
    centre = unit.mean(axis=0)
    _, axes = np.linalg.eigh((unit - centre).T @ (unit - centre))
    return replace(
        known,
        centre=centre.astype(np.float32),
        directions=np.ascontiguousarray(axes[:, : len(axes) // 2 - 1 : -1], dtype=np.float32),
    )


def out_of_domain_above(statistics: DomainStatistics, embedding: NDArray[np.float32]) -> float:
    """Return the distance that 99 % of the calibration rows stay within."""
    return float(np.quantile([statistics.distance(vector) for vector in embedding], _IN_DOMAIN_QUANTILE))
