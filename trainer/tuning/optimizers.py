"""Optimizers and schedules, with a rate of its own for the encoder, the heads and the vital signs."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import LRScheduler
from transformers import Adafactor, get_cosine_schedule_with_warmup, get_linear_schedule_with_warmup

from trainer.model import TriageBert
from trainer.tuning.config import Optimizer

__all__ = ["make_optimizer", "make_schedule"]

_MOMENTUM = 0.9


def make_optimizer(
    settings: Optimizer, model: TriageBert, encoder: Sequence[nn.Parameter]
) -> torch.optim.Optimizer:
    """Return the optimizer of `encoder` (those of the encoder's parameters that are trained) and the heads."""
    vitals = [*model.vitals_evidence.parameters(), model.first_cutpoint, model.raw_increments]
    heads = [*model.diagnosis_head.parameters(), *model.urgency_head.parameters()]
    groups: list[dict[str, Any]] = [
        {"params": list(encoder), "lr": settings.encoder_rate, "weight_decay": settings.weight_decay},
        {"params": heads, "lr": settings.head_rate, "weight_decay": settings.weight_decay},
        {"params": vitals, "lr": settings.vitals_rate, "weight_decay": 0.0},
    ]
    match settings.kind:
        case "adamw":
            return torch.optim.AdamW(groups, fused=True)
        case "adafactor":
            # Without scaling by the parameters' size a rate means what it means to the others.
            return Adafactor(groups, scale_parameter=False, relative_step=False)  # type: ignore[no-untyped-call]
        case "sgd":
            return torch.optim.SGD(groups, momentum=_MOMENTUM)


def make_schedule(settings: Optimizer, optimizer: torch.optim.Optimizer, steps: int) -> LRScheduler:
    """Return the schedule over `steps` optimizer steps."""
    warmup = int(settings.warmup_share * steps)
    schedule: LRScheduler
    if settings.schedule == "linear":
        schedule = get_linear_schedule_with_warmup(optimizer, warmup, steps)  # type: ignore[no-untyped-call]
    else:
        schedule = get_cosine_schedule_with_warmup(optimizer, warmup, steps)
    return schedule
