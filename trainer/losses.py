"""The loss of each task, over the rows that carry its label."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import nll_loss

from trainer.batches import IGNORED
from trainer.data.rows import DIAGNOSIS_LABELS, URGENCY_LEVELS, Row
from trainer.tuning.config import Losses

__all__ = ["TaskLosses", "disagreement"]


class TaskLosses:
    """Negative log-likelihoods; by default diagnoses are weighted by how rare they are among `rows`.

    Levels are not: weights would distort P(level), on which the most urgent plausible level rests.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        settings: Losses | None = None,
        *,
        diagnosis_labels: int = len(DIAGNOSIS_LABELS),
    ) -> None:
        self._settings = settings or Losses()
        self._diagnosis = _class_weights(
            [row.diagnosis_index for row in rows], diagnosis_labels, self._settings.diagnosis_classes
        )
        self._urgency = _class_weights(
            [row.urgency_index for row in rows], len(URGENCY_LEVELS), self._settings.urgency_classes
        )

    def __call__(
        self, diagnosis_logits: Tensor, urgency_logits: Tensor, diagnosis: Tensor, urgency: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return both losses; label indices are IGNORED where unknown, and a task nobody has labels for is 0.

        Focus on hard rows holds for both tasks; smoothing for diagnoses alone, as levels have an order.
        """
        gamma, smoothing = self._settings.focal_gamma, self._settings.label_smoothing
        log_p = diagnosis_logits.log_softmax(dim=1)
        return (
            _masked(log_p, diagnosis, self._diagnosis, gamma, smoothing),
            _masked(urgency_logits, urgency, self._urgency, gamma, 0.0),
        )


def disagreement(logits: Tensor) -> Tensor:
    """Return the mean symmetric Kullback-Leibler divergence of the first half of the rows [2b, c] from the second."""
    first, second = logits.log_softmax(dim=1).chunk(2)
    gap = (first.exp() - second.exp()) * (first - second)
    return gap.sum(dim=1).mean() / 2


def _masked(
    log_probabilities: Tensor, labels: Tensor, weights: Tensor, gamma: float, smoothing: float
) -> Tensor:
    known = labels != IGNORED
    if not bool(known.any()):
        return log_probabilities.sum() * 0.0
    weights = weights.to(log_probabilities.device)
    if gamma == 0.0 and smoothing == 0.0:
        return nll_loss(log_probabilities, labels, weight=weights, ignore_index=IGNORED)
    log_p, truth = log_probabilities[known], labels[known]
    of_truth = log_p.gather(1, truth.unsqueeze(1)).squeeze(1)
    loss = -of_truth * (1.0 - of_truth.exp()).clamp(min=0.0) ** gamma
    loss = (1.0 - smoothing) * loss - smoothing * log_p.mean(dim=1)
    weight = weights[truth]
    return (weight * loss).sum() / weight.sum()


def _class_weights(indices: Sequence[int | None], classes: int, by: str) -> Tensor:
    """Mean 1 over rows; by the inverse root of frequency rare classes count more, yet not without bound."""
    counts = np.bincount([index for index in indices if index is not None], minlength=classes)
    if by == "equal":
        return torch.ones(classes)
    seen = np.maximum(counts, 1)
    weights = 1.0 / (np.sqrt(seen) if by == "inverse_sqrt" else seen)
    mean = (weights * counts).sum() / max(counts.sum(), 1)
    return torch.tensor(weights / (mean or 1.0), dtype=torch.float32)
