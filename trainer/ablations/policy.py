"""Who finds levels 1-2: the rules, the model, or both; and at what price among levels 3-5."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trainer.data.rows import Row
from trainer.evaluation.service import Service

__all__ = ["SENSITIVITIES", "chosen_threshold", "flagged_by_rules", "price"]

SENSITIVITIES = (0.80, 0.85, 0.90, 0.95, 0.98)
_URGENT_LEVEL = 2


def flagged_by_rules(rows: Sequence[Row]) -> NDArray[np.bool_]:
    """Say for each row whether a red flag or a vital sign sets a floor of level 1 or 2."""
    service = Service()
    return np.array([service.floor(row, row.text) <= _URGENT_LEVEL for row in rows])


def chosen_threshold(
    score: NDArray[np.float64], rules: NDArray[np.bool_], urgent: NDArray[np.bool_], sensitivity: float
) -> float:
    """Return the largest threshold on P(level 1-2) by which score or rules find `sensitivity` of the urgent rows.

    Infinite where the rules alone find them.
    """
    missed_by_rules = np.sort(score[urgent & ~rules])[::-1]
    needed = int(np.ceil(sensitivity * urgent.sum() - 1e-9)) - int((urgent & rules).sum())
    return float(missed_by_rules[needed - 1]) if needed > 0 else float("inf")


def price(flagged: NDArray[np.bool_], urgent: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the shares of the urgent and of the other rows that are flagged."""
    return float(flagged[urgent].mean()), float(flagged[~urgent].mean())
