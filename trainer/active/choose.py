"""Which messages to send to review: those that the model is unsure of, unlike what was looked at, and urgent first.

Greedy: the next message is the one with the largest product of its uncertainty (1 less the margin between the two most
probable labels), its distance to the nearest message that is labelled or chosen already (as in k-means++: Arthur and
Vassilvitskii, SODA 2007; with uncertainty: Ash et al., "BADGE", ICLR 2020), and a weight that grows with P(levels 1-2).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Candidates", "choose"]

_LEAST_UNCERTAINTY = 1e-3  # a sure answer may still be far from everything that was looked at
_URGENT_COUNTS = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """k messages: `embedding` [k, h], `probability` [k, c] of each label, `urgent` [k] = P(levels 1-2)."""

    embedding: NDArray[np.float32]
    probability: NDArray[np.float64]
    urgent: NDArray[np.float64]


def choose(
    candidates: Candidates,
    count: int,
    *,
    looked_at: NDArray[np.float32] | None = None,
    by: Literal["uncertainty", "uncertainty and diversity", "all"] = "all",
) -> list[int]:
    """Return up to `count` positions, best first; `looked_at` [m, h] embeds what has a label already.

    `by` leaves factors out, to see what each brings.
    """
    top = np.sort(candidates.probability, axis=1)[:, -2:]
    worth = np.maximum(1.0 - (top[:, 1] - top[:, 0]), _LEAST_UNCERTAINTY)
    if by == "all":
        worth = worth * (1.0 + (_URGENT_COUNTS - 1.0) * candidates.urgent)
    points = candidates.embedding.astype(np.float64)
    far = _distances(points, looked_at)
    chosen: list[int] = []
    left = np.ones(len(points), dtype=bool)
    for _ in range(min(count, len(points))):
        score = worth if by == "uncertainty" else worth * far
        best = int(np.where(left, score, -1.0).argmax())
        chosen.append(best)
        left[best] = False
        far = np.minimum(far, ((points - points[best]) ** 2).sum(axis=1))
    return chosen


def _distances(points: NDArray[np.float64], looked_at: NDArray[np.float32] | None) -> NDArray[np.float64]:
    """Return the squared distance of each point to the nearest of `looked_at`; where there is none, to the mean."""
    known = points.mean(axis=0, keepdims=True) if looked_at is None or not len(looked_at) else looked_at
    square = (points**2).sum(axis=1)[:, None] - 2.0 * points @ known.T + (known**2).sum(axis=1)[None]
    return np.asarray(np.maximum(square, 0.0).min(axis=1))
