"""Linear probing before fine-tuning: the heads learn on the untouched encoder's embeddings, in seconds.

Fine-tuning from fitted heads disturbs the pre-trained features less than from random ones, and carries further to
sources that were not trained on (Kumar et al., "Fine-Tuning can Distort Pretrained Features and Underperform
Out-of-Distribution", ICLR 2022).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track
from torch import Tensor

from streams.text import Windower
from trainer.batches import VitalsDropout, encode, labels, pad
from trainer.data.rows import Row, stack_vitals
from trainer.losses import TaskLosses
from trainer.model import TriageBert

__all__ = ["Probing", "embed", "probe"]


@dataclass(frozen=True, slots=True)
class Probing:
    """How the heads are fitted."""

    seed: int
    epochs: int = 30
    batch_size: int = 256
    rate: float = 1e-2
    weight_decay: float = 0.01
    final_rate_share: float = 0.05


@torch.no_grad()
def embed(model: TriageBert, ids: Sequence[NDArray[np.int64]], *, batch_size: int, title: str) -> Tensor:
    """Return the embeddings [k, h] of token sequences, in their order."""
    order = sorted(range(len(ids)), key=lambda number: len(ids[number]))
    chunks = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    embedding = torch.empty(len(ids), model.diagnosis_head.in_features)
    model.eval()
    for chunk in track(chunks, title):
        embedding[chunk] = model.embed(*pad([ids[number] for number in chunk]))
    return embedding


def probe(
    model: TriageBert, rows: Sequence[Row], windower: Windower, probing: Probing, *, title: str
) -> None:
    """Fit the heads of `model` in place; the encoder stays as it is."""
    embedding = embed(model, encode(rows, windower), batch_size=probing.batch_size // 4, title=title)
    vitals = stack_vitals(rows)
    losses = TaskLosses(rows, diagnosis_labels=model.diagnosis_head.out_features)
    diagnosis, urgency = (
        labels(row.diagnosis_index for row in rows),
        labels(row.urgency_index for row in rows),
    )
    dropout, rng = VitalsDropout(), np.random.default_rng(probing.seed)
    optimizer = torch.optim.AdamW(
        [parameter for name, parameter in model.named_parameters() if not name.startswith("encoder.")],
        lr=probing.rate,
        weight_decay=probing.weight_decay,
    )
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, probing.final_rate_share, probing.epochs)
    for _ in range(probing.epochs):
        hidden = torch.from_numpy(dropout.hide(vitals, rng))
        order = rng.permutation(len(rows))
        for start in range(0, len(order), probing.batch_size):
            chunk = torch.from_numpy(order[start : start + probing.batch_size])
            logits = model.decide(embedding[chunk], hidden[chunk])
            loss = sum(losses(*logits, diagnosis[chunk], urgency[chunk]), torch.zeros(()))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        schedule.step()
