"""The served graph's weights in a torch model, for methods that need gradients.

A served graph holds int8 weights with their scales: made float again they are what service multiplies by; only its
activations were rounded, too. The copy is compared with the graph before anything is read off it.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from transformers import BertConfig, BertModel

from trainer.model import TriageBert

__all__ = ["NotCopied", "float_copy", "shuffled"]

_QUANTIZED = "_quantized"
_HEADS = {"/model/MatMul": "diagnosis_head.weight", "/model/MatMul_1": "urgency_head.weight"}
_HEAD_CHANNELS = 32
"""Of every BERT of this family (12 x 32 = 384), and twice that from 768 on: see `_heads`."""


class NotCopied(ValueError):
    """The graph is none that this module can read."""


def float_copy(path: Path) -> TriageBert:
    """Return the model of `model.onnx`. Raises NotCopied."""
    graph = onnx.load(path).graph
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    state = {
        name.removeprefix("model."): array for name, array in arrays.items() if name.startswith("model.")
    }
    state |= _embeddings(arrays) | _linear(graph, arrays)
    try:
        words = state["encoder.embeddings.word_embeddings.weight"]
        config = BertConfig(
            vocab_size=words.shape[0],
            hidden_size=words.shape[1],
            num_hidden_layers=len(
                {name.split(".")[3] for name in state if name.startswith("encoder.encoder.layer.")}
            ),
            num_attention_heads=_heads(words.shape[1]),
            intermediate_size=state["encoder.encoder.layer.0.intermediate.dense.bias"].shape[0],
            max_position_embeddings=state["encoder.embeddings.position_embeddings.weight"].shape[0],
        )
        model = TriageBert(BertModel(config, add_pooling_layer=False))  # type: ignore[no-untyped-call]
        tensors = {name: torch.from_numpy(np.array(array)) for name, array in state.items()}
        missing = model.load_state_dict(tensors, strict=False).missing_keys
    except (KeyError, RuntimeError) as error:
        raise NotCopied(
            f"{path.name}: its weights have other names than a {TriageBert.__name__}'s"
        ) from error
    if missing:
        raise NotCopied(f"{path.name} lacks {len(missing)} weights, {missing[0]} among them")
    return model.eval()


def shuffled(path: Path, out: Path, *, seed: int, only_last_layer: bool) -> None:
    """Write the graph with the int8 weights of its last encoder layer, or of all, in another order each."""
    model = onnx.load(path)
    names = {
        node.input[1]
        for node in model.graph.node
        if node.op_type == "MatMulInteger"
        and (not only_last_layer or _layer(node) == _last_layer(model.graph))
    }
    if not names:
        raise NotCopied(f"{path.name} holds no int8 layers")
    rng = np.random.default_rng(seed)
    for tensor in model.graph.initializer:
        if tensor.name in names:
            array = numpy_helper.to_array(tensor)
            tensor.CopyFrom(
                numpy_helper.from_array(rng.permuted(array.ravel()).reshape(array.shape), tensor.name)
            )
    onnx.save(model, out)


def _heads(hidden: int) -> int:
    return hidden // (_HEAD_CHANNELS if hidden < 2 * 384 else 2 * _HEAD_CHANNELS)


def _embeddings(arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
    prefix = "model.encoder.embeddings."
    return {
        name.removeprefix("model.").removesuffix(_QUANTIZED): _floats(arrays, name.removesuffix(_QUANTIZED))
        for name in arrays
        if name.startswith(prefix) and name.endswith(_QUANTIZED)
    }


def _linear(graph: onnx.GraphProto, arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
    state = {}
    for node in graph.node:
        if node.op_type == "MatMulInteger":
            name = node.name.removeprefix("/model/").removesuffix("/MatMul_quant").replace("/", ".")
            state[f"{name}.weight"] = _floats(arrays, node.input[1].removesuffix(_QUANTIZED)).T
        elif node.name in _HEADS and node.input[1] in arrays:
            state[_HEADS[node.name]] = arrays[node.input[1]].T
    return state


def _floats(arrays: dict[str, NDArray[Any]], name: str) -> NDArray[np.float32]:
    whole = arrays[f"{name}{_QUANTIZED}"].astype(np.float32) - arrays[f"{name}_zero_point"].astype(np.float32)
    return np.asarray(whole * arrays[f"{name}_scale"], dtype=np.float32)


def _layer(node: onnx.NodeProto) -> str:
    name: str = node.name
    return name.split("/layer.")[1].split("/")[0]


def _last_layer(graph: onnx.GraphProto) -> str:
    return str(max(int(_layer(node)) for node in graph.node if node.op_type == "MatMulInteger"))
