"""Bottleneck adapters: after each layer's feed-forward part, h + up(gelu(down(h))).

peft 0.21 has none (its LoRA kin change weights, its `adaption_prompt` is for decoders), and the `adapters` library is
not released for the transformers that is used here, so these lines are our own. The form is that of Pfeiffer et al.,
"AdapterFusion", EACL 2021. Not linear, so they stay in the graph: at export they are matrix products like any other.
"""

from collections.abc import Iterable
from typing import Any, cast

from torch import Tensor, nn
from torch.nn.functional import gelu
from transformers import BertModel

__all__ = ["Bottleneck", "insert_adapters"]


class Bottleneck(nn.Module):
    """Maps [..., h] to [..., h]; the identity at first."""

    def __init__(self, hidden: int, width: int) -> None:
        super().__init__()
        self.down = nn.Linear(hidden, width)
        self.up = nn.Linear(width, hidden)
        nn.init.normal_(self.down.weight, std=0.02)
        nn.init.zeros_(self.down.bias)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, hidden: Tensor) -> Tensor:
        return hidden + cast(Tensor, self.up(gelu(self.down(hidden))))


class _Adapted(nn.Module):
    """A feed-forward output and its adapter, between its dense part and its normalisation."""

    def __init__(self, output: nn.Module, adapter: Bottleneck) -> None:
        super().__init__()
        self.output, self.adapter = output, adapter

    def forward(self, hidden_states: Tensor, input_tensor: Tensor) -> Tensor:
        inner: Any = self.output
        hidden = inner.dropout(inner.dense(hidden_states))
        return cast(Tensor, inner.LayerNorm(self.adapter(hidden) + input_tensor))


def insert_adapters(encoder: BertModel, width: int) -> list[nn.Parameter]:
    """Put an adapter into each layer of `encoder`, in place; return their parameters."""
    added: list[nn.Parameter] = []
    for layer in cast(Iterable[Any], encoder.encoder.layer):
        adapter = Bottleneck(encoder.config.hidden_size, width)
        layer.output = _Adapted(layer.output, adapter)
        added.extend(adapter.parameters())
    return added
