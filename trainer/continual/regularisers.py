"""What holds a moving encoder back while it learns new rows.

EWC: a quadratic penalty on moving weights that earlier rounds need (Kirkpatrick et al., PNAS 114, 2017; one running
Fisher: Schwarz et al., "Progress & Compress", ICML 2018). LwF: the distance to the answers before the round, over the
labels that were known then (Li and Hoiem, "Learning without Forgetting", TPAMI 40, 2018).
"""

from collections.abc import Collection, Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import kl_div

from streams.text import Windower
from trainer.batches import Batch, VitalsDropout, batches, encode
from trainer.data.rows import Row
from trainer.losses import TaskLosses
from trainer.model import TriageBert
from trainer.tuning.loop import Regulariser

__all__ = ["Importance", "ewc", "importance_of", "lwf", "together"]

_FISHER_ROWS = 96
_DECAY = 0.9
_TEMPERATURE = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Importance:
    """How much each weight matters to what was learned, and its value then, by parameter name."""

    fisher: dict[str, Tensor]
    anchor: dict[str, Tensor]


def importance_of(
    model: TriageBert, rows: Sequence[Row], windower: Windower, before: Importance | None, *, seed: int
) -> Importance:
    """Return the importance after `rows`: the mean squared gradient a row, on a sample, beside what there was."""
    rng = np.random.default_rng(seed)
    some = [rows[i] for i in rng.permutation(len(rows))[:_FISHER_ROWS]]
    losses = TaskLosses(some, diagnosis_labels=model.diagnosis_head.out_features)
    trained = {name: value for name, value in model.named_parameters() if value.requires_grad}
    fisher = {name: torch.zeros_like(value) for name, value in trained.items()}
    model.eval()
    for batch in batches(some, encode(some, windower), size=1, rng=rng, dropout=VitalsDropout(0.0, 0.0)):
        model.zero_grad(set_to_none=True)
        logits = model.decide(model.embed(batch.input_ids, batch.attention_mask), batch.vitals)
        sum(losses(*logits, batch.diagnosis, batch.urgency), torch.zeros(())).backward()  # type: ignore[no-untyped-call]
        for name, value in trained.items():
            if value.grad is not None:
                fisher[name] += value.grad**2 / len(some)
    model.zero_grad(set_to_none=True)
    if before is not None:
        for name, earlier in before.fisher.items():
            fisher[name] = fisher.get(name, torch.zeros_like(earlier)) + _DECAY * earlier
    return Importance(fisher, {name: value.detach().clone() for name, value in trained.items()})


def ewc(model: TriageBert, importance: Importance, weight: float) -> Regulariser:
    """Return the penalty on moving `model`'s weights away from the anchor."""
    named = dict(model.named_parameters())

    def penalty(_batch: Batch, _logits: tuple[Tensor, Tensor]) -> Tensor:
        moved = [
            (importance.fisher[name] * (named[name] - anchor) ** 2).sum()
            for name, anchor in importance.anchor.items()
        ]
        return 0.5 * weight * torch.stack(moved).sum()

    return penalty


def lwf(
    model: TriageBert, known_labels: Collection[int], *, levels_known: bool, weight: float
) -> Regulariser:
    """Return the distance to the answers of `model` as it is now, over the labels that it knows."""
    teacher = deepcopy(model).eval().requires_grad_(False)
    known = torch.tensor(sorted(known_labels))

    def penalty(batch: Batch, logits: tuple[Tensor, Tensor]) -> Tensor:
        with torch.no_grad():
            before = teacher.decide(teacher.embed(batch.input_ids, batch.attention_mask), batch.vitals)
        total = torch.zeros(())
        if len(known) > 1:
            now, then = (one[0].index_select(1, known) / _TEMPERATURE for one in (logits, before))
            total = total + _TEMPERATURE**2 * _distance(now.log_softmax(dim=1), then.log_softmax(dim=1))
        if levels_known:
            total = total + _distance(logits[1], before[1])
        return weight * total

    return penalty


def _distance(now: Tensor, then: Tensor) -> Tensor:
    return kl_div(now, then, log_target=True, reduction="batchmean")


def together(parts: Sequence[Regulariser]) -> Regulariser | None:
    """Return the sum of all, None of none."""
    if not parts:
        return None
    return lambda batch, logits: torch.stack([part(batch, logits) for part in parts]).sum()
