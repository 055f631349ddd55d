"""A diagnosis head that learns new rows, held by its own answers on a past drawn from class statistics: no row is kept.

Embeddings of the past are drawn from one Gaussian a class (generative feature replay: Liu et al., "Generative Feature
Replay for Class-Incremental Learning", CVPR Workshops 2020); the head's answers to them stay what they were
(distillation: Li and Hoiem, "Learning without Forgetting", ECCV 2016). A head of linear discriminants
(`trainer.continual.statistics`) would answer by the drawn classes alone and lose what a trained one knows beyond them.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from trainer.continual.statistics import ClassStatistics

__all__ = ["rehearse"]

_DRAWS = 4000
_STEPS = 200
_PRECISION = 0.5
"""Of the prior about the head as it was. Less learns more of other wordings, and loses more of the old one:
docs/reference/continual.md has both.
"""


def rehearse(
    head: nn.Linear,
    past: ClassStatistics,
    embedding: NDArray[np.float32],
    diagnosis: NDArray[np.int64],
    *,
    seed: int,
) -> None:
    """Fit `head` in place to rows [k, h] with `diagnosis` [k] (-1: none); each row of the past counts as one of these.

    A class that the past lacks is learned from the new rows alone. Without a new diagnosis the head stays as it is.
    """
    known = diagnosis >= 0
    if not known.any():
        return
    # In double precision: the sums are in the thousands, and what a step gains at the end is not.
    features, truth = torch.from_numpy(embedding[known]).double(), torch.from_numpy(diagnosis[known])
    drawn = torch.from_numpy(past.drawn(_DRAWS, seed=seed)).double()
    share = float(past.count.sum()) / max(len(drawn), 1)
    before = [parameter.detach().double() for parameter in (head.weight, head.bias)]
    weight, bias = (parameter.clone().requires_grad_() for parameter in before)
    answered = nn.functional.linear(drawn, *before).softmax(dim=1)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        learned = nn.functional.cross_entropy(
            nn.functional.linear(features, weight, bias), truth, reduction="sum"
        )
        kept = -share * (answered * nn.functional.linear(drawn, weight, bias).log_softmax(dim=1)).sum()
        moved = [(now - then).square().sum() for now, then in zip((weight, bias), before, strict=True)]
        total = learned + kept + 0.5 * _PRECISION * torch.stack(moved).sum()
        total.backward()  # type: ignore[no-untyped-call]
        return torch.as_tensor(total)

    step: Callable[[Callable[[], Tensor]], object] = optimizer.step
    step(loss)
    with torch.no_grad():
        head.weight.copy_(weight)
        head.bias.copy_(bias)
