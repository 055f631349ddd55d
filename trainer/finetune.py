"""Fine-tuning: both tasks at once, each row teaching what it has labels for."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn, TimeRemainingColumn
from transformers import BertModel, get_linear_schedule_with_warmup

from streams.text import Windower
from trainer.batches import VitalsDropout, batches, encode
from trainer.data.rows import Row
from trainer.losses import TaskLosses
from trainer.model import TriageBert

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
    ids = encode(shown, windower)
    rng = np.random.default_rng(recipe.seed)
    steps = recipe.epochs * -(-len(shown) // recipe.batch_size)
    optimizer = _optimizer(model, recipe)
    schedule = get_linear_schedule_with_warmup(  # type: ignore[no-untyped-call]
        optimizer, int(recipe.warmup_share * steps), steps
    )
    losses = TaskLosses(shown)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    model.train()
    with _progress() as progress:
        task = progress.add_task(title, total=steps, losses="")
        for _ in range(recipe.epochs):
            for batch in batches(shown, ids, size=recipe.batch_size, rng=rng, dropout=recipe.dropout):
                answer = model(batch.input_ids, batch.attention_mask, batch.vitals)
                diagnosis, urgency = losses(
                    answer.diagnosis_logits, answer.urgency_logits, batch.diagnosis, batch.urgency
                )
                optimizer.zero_grad(set_to_none=True)
                (diagnosis + recipe.urgency_weight * urgency).backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(trained, recipe.gradient_norm)
                optimizer.step()
                schedule.step()
                now = f"diagnosis {diagnosis.item():.2f} urgency {urgency.item():.2f}"
                progress.update(task, advance=1, losses=now)
    model.eval()


def _progress() -> Progress:
    columns = MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(), "{task.fields[losses]}"
    return Progress(*Progress.get_default_columns()[:2], *columns)


def _optimizer(model: TriageBert, recipe: Recipe) -> torch.optim.AdamW:
    vitals = [*model.vitals_evidence.parameters(), model.first_cutpoint, model.raw_increments]
    heads = [*model.diagnosis_head.parameters(), *model.urgency_head.parameters()]
    encoder = [parameter for parameter in model.encoder.parameters() if parameter.requires_grad]
    return torch.optim.AdamW(
        [
            {"params": encoder, "lr": recipe.encoder_rate, "weight_decay": recipe.weight_decay},
            {"params": heads, "lr": recipe.head_rate, "weight_decay": recipe.weight_decay},
            {"params": vitals, "lr": recipe.vitals_rate, "weight_decay": 0.0},
        ],
        fused=True,
    )
