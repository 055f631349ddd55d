"""Supervised contrastive stage: rows with one label are drawn together in the embedding, others apart.

Khosla et al., "Supervised Contrastive Learning", NeurIPS 2020. Before heads that are then fitted alone it is the way to
learn from few labels (SetFit: Tunstall et al., arXiv 2209.11055, 2022, with pairs instead of batches).
"""

from collections.abc import Sequence

import numpy as np
import torch
from rich.progress import track
from torch import Tensor
from torch.nn.functional import normalize

from streams.text import Windower
from trainer.batches import IGNORED, VitalsDropout, batches, encode
from trainer.data.rows import Row
from trainer.model import TriageBert
from trainer.processes import processes
from trainer.tuning.config import Contrastive

__all__ = ["contrast", "contrastive_loss"]

_WEIGHT_DECAY, _GRADIENT_NORM = 0.01, 1.0


def contrast(
    model: TriageBert, rows: Sequence[Row], windower: Windower, settings: Contrastive, *, seed: int
) -> None:
    """Train every layer of the encoder of `model` in place, but the word embeddings; the heads stay as they are."""
    device = processes().device
    encoder = model.to(device).encoder.train()
    encoder.embeddings.requires_grad_(requires_grad=False)
    trained = list(encoder.encoder.parameters())
    optimizer = torch.optim.AdamW(trained, lr=settings.rate, weight_decay=_WEIGHT_DECAY)
    rng, ids = np.random.default_rng(seed), encode(rows, windower)
    for _ in track(range(settings.epochs), "contrast"):
        for batch in batches(rows, ids, size=settings.batch_size, rng=rng, dropout=VitalsDropout()):
            shown = batch.to(device)
            embedding = normalize(model.embed(shown.input_ids, shown.attention_mask), dim=1)
            losses = [
                contrastive_loss(embedding, labels, settings.temperature)
                for labels in (shown.diagnosis, shown.urgency)
            ]
            optimizer.zero_grad(set_to_none=True)
            torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(trained, _GRADIENT_NORM)
            optimizer.step()
    model.zero_grad(set_to_none=True)
    model.cpu().eval()


def contrastive_loss(embedding: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Return the mean over rows of `embedding` [b, h], of length 1, that have another of their label beside them."""
    known = labels != IGNORED
    z, label = embedding[known], labels[known]
    others = ~torch.eye(len(label), dtype=torch.bool, device=z.device)
    same = (label[:, None] == label[None, :]) & others
    counted = same.any(dim=1)
    if not bool(counted.any()):
        return embedding.sum() * 0.0
    likeness = (z @ z.T / temperature).masked_fill(~others, float("-inf"))
    log_share = likeness - likeness.logsumexp(dim=1, keepdim=True)
    of_same = log_share.masked_fill(~same, 0.0).sum(dim=1)[counted] / same.sum(dim=1)[counted]
    return -of_same.mean()
