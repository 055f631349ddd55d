"""Grouped cross-validation of urgency on real visits: a complaint is never in two folds."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold

from trainer.calibrate import most_urgent_plausible
from trainer.metrics import quadratic_weighted_kappa

__all__ = ["FLAGGED_SHARE", "Fold", "UrgencyFigures", "deals", "figures"]

FLAGGED_SHARE = 0.35
"""Share of the levels 3-5 that may be flagged, by the goal."""

_FOLDS, _LEVELS, _URGENT, _EVEN_ODDS = 5, 5, 2, 0.5
Fold = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class UrgencyFigures:
    """`qwk`: of the median level; `auroc`: P(level 1-2) for true levels 1-2; `sensitivity`: at FLAGGED_SHARE."""

    qwk: float
    auroc: float
    sensitivity: float


def deals(levels: NDArray[np.int64], clusters: NDArray[np.int64], seed: int) -> Iterator[Fold]:
    """Yield (training rows, test rows) of each fold, with like shares of the levels."""
    dealer = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed)
    yield from dealer.split(np.zeros(len(levels)), levels, clusters)


def figures(p: NDArray[np.float64], levels: NDArray[np.int64]) -> UrgencyFigures:
    """Score probabilities [k, 5] against level indices [k]."""
    matrix = np.zeros((_LEVELS, _LEVELS))
    np.add.at(matrix, (levels, most_urgent_plausible(p, _EVEN_ODDS)), 1.0)
    score, urgent = p[:, :_URGENT].sum(axis=1), levels < _URGENT
    threshold = np.quantile(score[~urgent], 1.0 - FLAGGED_SHARE)
    return UrgencyFigures(
        float(quadratic_weighted_kappa(matrix)),
        float(roc_auc_score(urgent, score)),
        float((score[urgent] >= threshold).mean()),
    )
