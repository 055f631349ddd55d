"""A random encoder small enough for unit tests, and rows to feed it."""

import numpy as np
import torch
from transformers import BertConfig, BertModel

from streams.text import VITALS_FIELDS
from trainer.data.rows import NO_VITALS, Row
from trainer.finetune import build
from trainer.model import TriageBert

__all__ = ["inputs", "row", "tiny_model"]

_VOCABULARY = 200


def tiny_model(seed: int = 0) -> TriageBert:
    """Two layers, 32 wide, random weights in every part that a trained model has."""
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=_VOCABULARY,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
    )
    encoder = BertModel(config, add_pooling_layer=False)  # type: ignore[no-untyped-call]
    model = build(encoder).eval()
    torch.nn.init.normal_(model.diagnosis_head.bias)
    torch.nn.init.normal_(model.vitals_evidence.raw_slope)
    return model


def inputs(
    batch: int, tokens: int, *, padded: int = 0, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """`input_ids`, `attention_mask` (the last row ends in `padded` masked tokens) and half-known vitals."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(5, _VOCABULARY, (batch, tokens), generator=generator)
    mask = torch.ones_like(ids)
    if padded:
        mask[-1, -padded:] = 0
    vitals = torch.tensor([50.0, 1.0, 0.0, 115.0, 24.0, 95.0, 50.0, 38.6, 91.0, 1.0, 5.0, 1.0]).repeat(
        batch, 1
    )
    vitals[:, ::2] = torch.nan
    assert vitals.shape[1] == len(VITALS_FIELDS)
    return ids, mask, vitals


def row(
    text: str,
    *,
    group: str | None = None,
    source: str = "corpus",
    diagnosis: str | None = "normal",
    urgency_level: int | None = None,
    **vitals: float,
) -> Row:
    """A row whose vital signs are given by field name."""
    vector = NO_VITALS.copy()
    for field, value in vitals.items():
        vector[VITALS_FIELDS.index(field)] = np.float32(value)
    return Row(source, text, group or text, vector, diagnosis, urgency_level)
