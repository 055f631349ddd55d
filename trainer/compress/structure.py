"""What can be taken out of an encoder as a whole, so that any hardware gains: heads, neurons, layers.

Importance is first-order: how much the loss would change if a head or a neuron were switched off, |sum(a * dL/da)| over
its activations a, averaged over rows (Michel et al., "Are Sixteen Heads Really Better than One?", NeurIPS 2019;
Molchanov et al., "Importance Estimation for Neural Network Pruning", CVPR 2019).
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from transformers.pytorch_utils import prune_linear_layer

from streams.text import Windower
from trainer.batches import VitalsDropout, batches, encode
from trainer.data.rows import Row
from trainer.losses import TaskLosses
from trainer.model import TriageBert

__all__ = ["Importance", "importance", "keep_layers", "layers_of", "prune", "spread_layers"]

_BATCH = 16


@dataclass(frozen=True, slots=True)
class Importance:
    """Of each layer's heads [layers, heads] and feed-forward neurons [layers, f]; larger matters more."""

    heads: Tensor
    neurons: Tensor


def importance(model: TriageBert, rows: Sequence[Row], windower: Windower) -> Importance:
    """Measure on `rows`, which carry labels; the model is left as it was."""
    losses, layers = TaskLosses(rows), layers_of(model)
    taps = [_Tap(dense) for layer in layers for dense in (layer.attention.output.dense, layer.output.dense)]
    heads = torch.zeros(len(layers), layers[0].attention.self.num_attention_heads)
    neurons = torch.zeros(len(layers), layers[0].intermediate.dense.out_features)
    no_dropout = VitalsDropout(whole=0.0, field=0.0)
    ids, rng = encode(rows, windower), np.random.default_rng(0)
    model.eval()
    try:
        for batch in batches(rows, ids, size=_BATCH, rng=rng, dropout=no_dropout):
            logits = model.decide(model.embed(batch.input_ids, batch.attention_mask), batch.vitals)
            loss = sum(losses(*logits, batch.diagnosis, batch.urgency), torch.zeros(()))
            model.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            for number in range(len(layers)):
                by_input = taps[2 * number].saliency()
                heads[number] += by_input.view(len(by_input), heads.shape[1], -1).sum(2).abs().sum(0)
                neurons[number] += taps[2 * number + 1].saliency().abs().sum(0)
    finally:
        for tap in taps:
            tap.remove()
        model.zero_grad(set_to_none=True)
    return Importance(heads, neurons)


def prune(model: TriageBert, scores: Importance, *, heads: int, neurons: int) -> TriageBert:
    """Return a copy that keeps the `heads` and `neurons` of each layer that matter most.

    Every layer keeps the same number: widths stay multiples of what matrix units take.
    """
    smaller = copy.deepcopy(model)
    for number, layer in enumerate(layers_of(smaller)):
        _prune_heads(layer.attention, _largest(scores.heads[number], heads))
        kept = _largest(scores.neurons[number], neurons)
        layer.intermediate.dense = prune_linear_layer(layer.intermediate.dense, kept)
        layer.output.dense = prune_linear_layer(layer.output.dense, kept, dim=1)
    return smaller


def keep_layers(model: TriageBert, layers: Sequence[int]) -> TriageBert:
    """Return a copy with these layers alone, in this order."""
    smaller = copy.deepcopy(model)
    encoder = smaller.encoder
    encoder.encoder.layer = nn.ModuleList([encoder.encoder.layer[number] for number in layers])
    encoder.config.num_hidden_layers = len(layers)
    return smaller


def spread_layers(depth: int, count: int) -> tuple[int, ...]:
    """Return `count` of `depth` layers, first and last among them, as evenly as can be."""
    return tuple(int(number) for number in np.linspace(0, depth - 1, count).round())


class _Tap:
    """Keeps what goes into a layer during one forward pass, with its gradient."""

    def __init__(self, layer: nn.Module) -> None:
        self._hook = layer.register_forward_pre_hook(self._keep)
        self._input = torch.empty(0)

    def _keep(self, _layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self._input = inputs[0]
        self._input.retain_grad()

    def saliency(self) -> Tensor:
        """a * dL/da, summed over tokens [b, features]; rows of a batch don't meet, so each has its own gradient."""
        gradient = self._input.grad
        if gradient is None:
            raise RuntimeError("no backward pass since the forward pass")
        return (self._input.detach() * gradient).sum(dim=1)

    def remove(self) -> None:
        self._hook.remove()


def layers_of(model: TriageBert) -> list[Any]:
    """Return the encoder's layers; Any, as torch does not know a module's attributes."""
    return list(model.encoder.encoder.layer)


def _largest(scores: Tensor, count: int) -> torch.LongTensor:
    """Positions of the `count` largest, ascending."""
    return cast(torch.LongTensor, scores.topk(min(count, len(scores))).indices.sort().values)


def _prune_heads(attention: Any, kept: torch.LongTensor) -> None:
    of_self, size = attention.self, attention.self.attention_head_size
    index = cast(torch.LongTensor, (kept[:, None] * size + torch.arange(size)).flatten())
    for name in ("query", "key", "value"):
        setattr(of_self, name, prune_linear_layer(getattr(of_self, name), index))
    attention.output.dense = prune_linear_layer(attention.output.dense, index, dim=1)
    of_self.num_attention_heads, of_self.all_head_size = len(kept), len(index)
