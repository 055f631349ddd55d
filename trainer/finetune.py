"""Fine-tuning as the shipped model has it: one recipe; `trainer.tuning` has all others."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from transformers import BertModel

from streams.text import Windower
from trainer.batches import VitalsDropout
from trainer.data.rows import Row
from trainer.model import TriageBert
from trainer.tuning.config import Augmentation, Full, Losses, Optimizer, TrainConfig
from trainer.tuning.loop import train_epochs

__all__ = ["Recipe", "build", "finetune", "make_deterministic"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """One stage of training. Learning rates are peaks of a linear warm-up and decay."""

    epochs: int
    seed: int
    batch_size: int = 16
    encoder_rate: float = 2e-4
    head_rate: float = 1e-3
    vitals_rate: float = 5e-3
    weight_decay: float = 0.01
    warmup_share: float = 0.06
    gradient_norm: float = 1.0
    urgency_weight: float = 1.0
    dropout: VitalsDropout = field(default_factory=VitalsDropout)
    typos: float = 0.0
    asides: float = 0.0


def make_deterministic(seed: int, threads: int) -> None:
    """Same seed, same number of threads, same machine type: the same weights."""
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(mode=True)


def build(encoder: BertModel) -> TriageBert:
    """Put fresh heads on an encoder. Its word embeddings stay frozen: few messages would only blur them."""
    model = TriageBert(encoder)
    encoder.embeddings.requires_grad_(requires_grad=False)
    return model


def finetune(
    model: TriageBert,
    rows: Sequence[Row],
    windower: Windower,
    recipe: Recipe,
    *,
    title: str,
    repeats: dict[str, int] | None = None,
) -> None:
    """Train `model` in place on `rows`; `repeats` shows the rows of a small source several times an epoch."""
    shown = [row for row in rows for _ in range((repeats or {}).get(row.source, 1))]
    train_epochs(model, shown, windower, _config(recipe), title=title)


def _config(recipe: Recipe) -> TrainConfig:
    return TrainConfig(
        method=Full(),
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        seed=recipe.seed,
        optimizer=Optimizer(
            encoder_rate=recipe.encoder_rate,
            head_rate=recipe.head_rate,
            vitals_rate=recipe.vitals_rate,
            weight_decay=recipe.weight_decay,
            warmup_share=recipe.warmup_share,
            gradient_norm=recipe.gradient_norm,
        ),
        losses=Losses(urgency_weight=recipe.urgency_weight),
        augmentation=Augmentation(
            vitals_hidden=recipe.dropout.whole,
            vital_hidden=recipe.dropout.field,
            typos=recipe.typos,
            asides=recipe.asides,
        ),
    )
