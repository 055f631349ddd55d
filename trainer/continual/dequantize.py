"""Float weights from a served int8 graph, where nothing else is left of a version.

Every weight of the graph is a multiple of its channel's scale, so what comes out is exactly what the graph computes
with, and quantizing it again gives the same integers where they take seven bits, as in all that is exported now; eight
of an older graph are rounded again. What the trained float weights had beyond that is lost; activations, which the
graph rounds as well, are exact here.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, numpy_helper
from transformers import BertConfig, BertModel

from trainer.model import TriageBert

__all__ = ["GraphUnknown", "dequantized"]

_QUANTIZED = "_quantized"
_HEAD_WIDTH = 32  # of MiniLM and of BERT's small kin; a graph does not name it


class GraphUnknown(ValueError):
    """The graph is not one that `trainer.export` wrote from a plain BERT."""


def dequantized(path: Path, *, attention_heads: int | None = None) -> TriageBert:
    """Return the model of the int8 graph at `path`. Raises GraphUnknown."""
    graph = onnx.load(str(path))
    arrays = {one.name: numpy_helper.to_array(one) for one in graph.graph.initializer}
    for node in graph.graph.node:  # equal values are stored once
        if node.op_type == "Identity" and node.input[0] in arrays:
            arrays[node.output[0]] = arrays[node.input[0]]
    weights = _named(arrays) | _of_nodes(graph, arrays)
    try:
        model = TriageBert(_encoder(weights, attention_heads))
        model.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in weights.items()})
    except (KeyError, RuntimeError) as error:
        raise GraphUnknown(f"{path.name}: not the graph of a plain BERT") from error
    return model.eval()


def _named(arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return what stands in the graph under its own name: embeddings, biases, norms, vital signs, cutpoints."""
    found = {}
    for name, value in arrays.items():
        if not name.startswith("model."):
            continue
        if name.endswith(_QUANTIZED):
            plain = name.removesuffix(_QUANTIZED)
            found[plain] = _times_scale(arrays, plain)
        elif not name.endswith(("_scale", "_zero_point")):
            found[name] = value
    return {name.removeprefix("model."): value for name, value in found.items()}


def _of_nodes(graph: ModelProto, arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the weights of products, which the exporter renamed: their node still says whose they are."""
    found = {}
    for node in graph.graph.node:
        owner = re.fullmatch(r"/model/(encoder/.+)/MatMul_quant", node.name)
        if owner is not None:
            weight = _times_scale(arrays, _weight_of(node, arrays).removesuffix(_QUANTIZED))
            found[owner[1].replace("/", ".") + ".weight"] = weight.T
    heads = {_weight_of(n, arrays) for n in graph.graph.node if re.fullmatch(r"/model/MatMul(_\d+)?", n.name)}
    for name in heads:
        weight = arrays[name].T
        found["urgency_head.weight" if len(weight) == 1 else "diagnosis_head.weight"] = weight
    return found


def _weight_of(node: NodeProto, arrays: dict[str, NDArray[Any]]) -> str:
    return next((name for name in node.input if name in arrays and arrays[name].ndim > 1), "")


def _times_scale(arrays: dict[str, NDArray[Any]], name: str) -> NDArray[np.float32]:
    whole = arrays[name + _QUANTIZED].astype(np.float32) - arrays[name + "_zero_point"].astype(np.float32)
    return np.asarray(whole * arrays[name + "_scale"], dtype=np.float32)


def _encoder(weights: dict[str, NDArray[Any]], attention_heads: int | None) -> BertModel:
    words, positions = (
        weights[f"encoder.embeddings.{name}_embeddings.weight"].shape for name in ("word", "position")
    )
    layers = {match[1] for name in weights if (match := re.match(r"encoder\.encoder\.layer\.(\d+)\.", name))}
    config = BertConfig(
        vocab_size=words[0],
        hidden_size=words[1],
        max_position_embeddings=positions[0],
        num_hidden_layers=len(layers),
        num_attention_heads=attention_heads or words[1] // _HEAD_WIDTH,
        intermediate_size=len(weights["encoder.encoder.layer.0.intermediate.dense.weight"]),
    )
    return BertModel(config, add_pooling_layer=False)  # type: ignore[no-untyped-call]
