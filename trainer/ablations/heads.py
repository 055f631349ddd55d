"""The urgency head of `trainer.model` fitted to convergence on frozen embeddings: seconds, and no learning rate."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import nll_loss, softplus

from trainer.ablations.embedded import Embedded
from trainer.vitals import VitalsEvidence

__all__ = ["UrgencyHead"]

_SMALLEST_PROBABILITY = 1e-5
_ITERATIONS = 150
_SLOPES_HELD_BY = 1e-3


class UrgencyHead:
    """Cumulative link over words and vital signs, fitted by L-BFGS.

    `held_by` is the L2 penalty on the weights of the words, relative to the mean loss of a row. `weights` [k] says how
    much each row counts; `with_words`, `with_vitals` switch a side off.
    """

    def __init__(
        self,
        train: Embedded,
        weights: NDArray[np.float64],
        *,
        held_by: float,
        with_words: bool = True,
        with_vitals: bool = True,
    ) -> None:
        self._words = torch.zeros(train.text.shape[1], requires_grad=with_words)
        self._evidence = VitalsEvidence().requires_grad_(with_vitals)
        self._with_vitals = with_vitals
        self._first = torch.tensor(-3.0, requires_grad=True)
        self._raw_increments = torch.full((3,), 1.3, requires_grad=True)
        self._fit(train, torch.from_numpy(weights / weights.sum()).float(), held_by)

    @torch.no_grad()
    def probabilities(self, rows: Embedded) -> NDArray[np.float64]:
        """Return P(level 1..5) [k, 5]."""
        p = self._log_probabilities(torch.from_numpy(rows.text), torch.from_numpy(rows.vitals)).exp().double()
        return np.asarray(p / p.sum(dim=1, keepdim=True))

    def _fit(self, train: Embedded, weights: Tensor, held_by: float) -> None:
        text, vitals = torch.from_numpy(train.text), torch.from_numpy(train.vitals)
        levels = torch.tensor([row.urgency_index for row in train.rows])
        optimizer = torch.optim.LBFGS(self._fitted(), max_iter=_ITERATIONS, line_search_fn="strong_wolfe")

        def loss() -> Tensor:
            optimizer.zero_grad()
            misfit = nll_loss(self._log_probabilities(text, vitals), levels, reduction="none") @ weights
            slopes = softplus(self._evidence.raw_slope)
            total = misfit + held_by * self._words.square().sum() + _SLOPES_HELD_BY * slopes.square().sum()
            total.backward()  # type: ignore[no-untyped-call]
            return total

        optimizer.step(loss)  # type: ignore[no-untyped-call]

    def _fitted(self) -> Sequence[Tensor]:
        everything = [self._words, *self._evidence.parameters(), self._first, self._raw_increments]
        return [tensor for tensor in everything if tensor.requires_grad]

    def _log_probabilities(self, text: Tensor, vitals: Tensor) -> Tensor:
        score = (text @ self._words).unsqueeze(1)
        if self._with_vitals:
            score = score + self._evidence(vitals).sum(dim=1, keepdim=True)
        increments = softplus(self._raw_increments).cumsum(0)
        at_most = torch.sigmoid(score + self._first + torch.cat([torch.zeros(1), increments]))
        ends = torch.ones_like(score)
        p = torch.cat([at_most, ends], dim=1) - torch.cat([0.0 * ends, at_most], dim=1)
        return (p + _SMALLEST_PROBABILITY).log()
