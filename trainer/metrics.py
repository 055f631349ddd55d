"""Figures with intervals, all functions of a confusion matrix: resampling whole clusters is one product."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.data.rows import NORMAL

__all__ = [
    "Figure",
    "areas",
    "bootstrap",
    "expected_calibration_error",
    "flagged_non_urgent",
    "macro_f1",
    "others_called_sick",
    "over_triage",
    "quadratic_weighted_kappa",
    "recall_of",
    "sensitivity_urgent",
    "sick_as_normal",
    "under_triage",
    "urgent_auroc",
]

Matrices = NDArray[np.float64]
"""[..., c, c]: truth by row, answer by column."""

_RESAMPLES = 1000
_ECE_BINS = 10
_URGENT_LEVELS = 2


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its 95 % interval over `n` rows."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f}-{self.high:.3f})"


def bootstrap(
    truth: NDArray[np.int64],
    answer: NDArray[np.int64],
    groups: Sequence[object],
    statistics: Mapping[str, Callable[[Matrices], NDArray[np.float64]]],
    *,
    classes: int,
    seed: int,
) -> dict[str, Figure]:
    """Percentile intervals over 1,000 resamples of whole `groups`, their rows being dependent."""
    _, cluster = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    per_cluster = np.zeros((cluster.max() + 1, classes, classes))
    np.add.at(per_cluster, (cluster, truth, answer), 1.0)
    size = len(per_cluster)
    drawn = np.random.default_rng(seed).multinomial(size, np.full(size, 1.0 / size), size=_RESAMPLES)
    resampled = np.tensordot(drawn.astype(float), per_cluster, axes=1)
    figures = {}
    for name, statistic in statistics.items():
        values = statistic(resampled)
        low, high = np.nanpercentile(values, [2.5, 97.5])
        figures[name] = Figure(float(statistic(per_cluster.sum(axis=0))), float(low), float(high), len(truth))
    return figures


def macro_f1(matrix: Matrices) -> NDArray[np.float64]:
    """Mean F1 over the classes that occur in the truth; an answer outside them still counts as an error."""
    hits = np.diagonal(matrix, axis1=-2, axis2=-1)
    in_truth, in_answer = matrix.sum(axis=-1), matrix.sum(axis=-2)
    f1 = np.divide(2 * hits, in_truth + in_answer, out=np.zeros_like(hits), where=(in_truth + in_answer) > 0)
    present = in_truth > 0
    return np.asarray((f1 * present).sum(axis=-1) / present.sum(axis=-1))


def sick_as_normal(matrix: Matrices) -> NDArray[np.float64]:
    """Share of the rows of an illness that were answered as normal, the first class."""
    sick = matrix[..., NORMAL + 1 :, :]
    return np.asarray(_ratio(sick[..., NORMAL].sum(axis=-1), sick.sum(axis=(-2, -1))))


def others_called_sick(matrix: Matrices) -> NDArray[np.float64]:
    """Share of the normal rows that were answered as any illness."""
    normal = matrix[..., NORMAL, :]
    return np.asarray(_ratio(normal[..., NORMAL + 1 :].sum(axis=-1), normal.sum(axis=-1)))


def quadratic_weighted_kappa(matrix: Matrices) -> NDArray[np.float64]:
    """Cohen's kappa with quadratic weights: 1 is agreement, 0 is chance."""
    classes = matrix.shape[-1]
    steps = np.arange(classes)
    weight = (steps[:, None] - steps[None, :]) ** 2 / (classes - 1) ** 2
    total = matrix.sum(axis=(-2, -1))
    chance = matrix.sum(axis=-1)[..., :, None] * matrix.sum(axis=-2)[..., None, :] / total[..., None, None]
    expected = (weight * chance).sum(axis=(-2, -1))
    observed = (weight * matrix).sum(axis=(-2, -1))
    return np.asarray(np.where(expected > 0, 1.0 - observed / np.where(expected > 0, expected, 1.0), 0.0))


def under_triage(matrix: Matrices) -> NDArray[np.float64]:
    """Share of all rows that were answered less urgent than they are."""
    return np.asarray(np.triu(matrix, 1).sum(axis=(-2, -1)) / matrix.sum(axis=(-2, -1)))


def over_triage(matrix: Matrices) -> NDArray[np.float64]:
    """Share of all rows that were answered more urgent than they are."""
    return np.asarray(np.tril(matrix, -1).sum(axis=(-2, -1)) / matrix.sum(axis=(-2, -1)))


def sensitivity_urgent(matrix: Matrices) -> NDArray[np.float64]:
    """Share of the true levels 1-2 that were answered 1 or 2."""
    urgent = matrix[..., :_URGENT_LEVELS, :]
    return np.asarray(_ratio(urgent[..., :_URGENT_LEVELS].sum(axis=(-2, -1)), urgent.sum(axis=(-2, -1))))


def flagged_non_urgent(matrix: Matrices) -> NDArray[np.float64]:
    """Share of the true levels 3-5 that were answered 1 or 2."""
    others = matrix[..., _URGENT_LEVELS:, :]
    return np.asarray(_ratio(others[..., :_URGENT_LEVELS].sum(axis=(-2, -1)), others.sum(axis=(-2, -1))))


def urgent_auroc(
    p: NDArray[np.float64], truth: NDArray[np.int64], groups: Sequence[object], *, seed: int
) -> Figure:
    """Area under the curve of P(level 1-2) for the true levels 1-2: threshold-free, so systems compare by it."""
    score, urgent = p[:, :_URGENT_LEVELS].sum(axis=1), truth < _URGENT_LEVELS
    _, cluster = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    size = int(cluster.max()) + 1
    drawn = np.random.default_rng(seed).multinomial(size, np.full(size, 1.0 / size), size=_RESAMPLES)
    whole, *resampled = areas(score, urgent, np.concatenate([np.ones((1, size)), drawn])[:, cluster])
    low, high = np.nanpercentile(resampled, [2.5, 97.5])
    return Figure(float(whole), float(low), float(high), len(truth))


def areas(
    score: NDArray[np.float64], positive: NDArray[np.bool_], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the area under the ROC curve of `score` [k] for `positive` [k], for each row of `weights` [r, k].

    NaN where one side weighs nothing. Sorted once: scikit-learn's `roc_auc_score` sorts for each resample anew.
    """
    order = np.argsort(score, kind="stable")
    ranked = score[order]
    ties = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    yes, no = (
        np.add.reduceat(np.where(side[order], weights[:, order], 0.0), ties, axis=1)
        for side in (positive, ~positive)
    )
    below = no.cumsum(axis=1) - no / 2
    return _ratio((yes * below).sum(axis=1), yes.sum(axis=1) * no.sum(axis=1))


def recall_of(index: int) -> Callable[[Matrices], NDArray[np.float64]]:
    """Share of the rows of one class that were recognised."""
    return lambda matrix: np.asarray(_ratio(matrix[..., index, index], matrix[..., index, :].sum(axis=-1)))


def expected_calibration_error(probabilities: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """Mean gap between confidence and accuracy over ten equal bins (Guo et al., ICML 2017)."""
    confidence = probabilities.max(axis=1)
    hit = probabilities.argmax(axis=1) == truth
    bins = np.minimum((confidence * _ECE_BINS).astype(int), _ECE_BINS - 1)
    gaps = [
        abs(confidence[bins == number].mean() - hit[bins == number].mean()) * (bins == number).mean()
        for number in np.unique(bins)
    ]
    return float(np.sum(gaps))


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    part, whole = np.asarray(part, dtype=float), np.asarray(whole, dtype=float)
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)
