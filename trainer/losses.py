"""The loss of each task, over the rows that carry its label."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import nll_loss

from trainer.batches import IGNORED
from trainer.data.rows import DIAGNOSIS_LABELS, URGENCY_LEVELS, Row

__all__ = ["TaskLosses"]


class TaskLosses:
    """Negative log-likelihoods. Diagnoses are weighted by how rare they are among `rows`.

    Levels are not: weights would distort P(level), on which the most urgent plausible level rests.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self._diagnosis = _class_weights([row.diagnosis_index for row in rows], len(DIAGNOSIS_LABELS))
        self._urgency = torch.ones(len(URGENCY_LEVELS))

    def __call__(
        self, diagnosis_logits: Tensor, urgency_logits: Tensor, diagnosis: Tensor, urgency: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return both losses; label indices are IGNORED where unknown, and a task nobody has labels for is 0."""
        return (
            _masked(diagnosis_logits.log_softmax(dim=1), diagnosis, self._diagnosis),
            _masked(urgency_logits, urgency, self._urgency),
        )


def _masked(log_probabilities: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    if bool((labels == IGNORED).all()):
        return log_probabilities.sum() * 0.0
    return nll_loss(log_probabilities, labels, weight=weights, ignore_index=IGNORED)


def _class_weights(indices: Sequence[int | None], classes: int) -> Tensor:
    """Inverse square root of frequency, mean 1 over rows: rare classes count more, yet not without bound."""
    counts = np.bincount([index for index in indices if index is not None], minlength=classes)
    weights = 1.0 / np.sqrt(np.maximum(counts, 1))
    mean = (weights * counts).sum() / max(counts.sum(), 1)
    return torch.tensor(weights / (mean or 1.0), dtype=torch.float32)
