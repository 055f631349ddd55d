"""A small random model with the served model's contract: the stack can be tested without the real one."""

import shutil
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

__all__ = ["VITALS_COUNT", "write_model", "write_repository"]

VITALS_COUNT = 12
_VOCABULARY, _HIDDEN, _CLASSES = 1200, 384, 5
_MODEL_DIR = Path(__file__).parents[1] / "model_repo" / "triage_bert"


def write_model(path: Path, matmul_rounds: int = 0) -> None:
    """Write the model file; `matmul_rounds` makes it slower without changing what it answers."""
    draw = np.random.default_rng(7)

    def weights(name: str, *shape: int) -> onnx.TensorProto:
        return numpy_helper.from_array(draw.normal(0, 0.3, shape).astype(np.float32), name)

    node = helper.make_node
    hidden = "hidden_0"
    nodes = [node("Gather", ["table", "input_ids"], [hidden])]
    for number in range(matmul_rounds):
        nodes += [
            node("MatMul", [hidden, "rotation"], [f"hidden_{number + 1}"]),
        ]
        hidden = f"hidden_{number + 1}"
    nodes += [
        node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        node("ReduceSum", ["mask", "axis_1"], ["length"], keepdims=1),
        node("Div", ["mask", "length"], ["share"]),
        node("Unsqueeze", ["share", "axis_2"], ["share_3d"]),
        node("Mul", [hidden, "share_3d"], ["weighted"]),
        node("ReduceSum", ["weighted", "axis_1"], ["embedding"], keepdims=0),
        node("MatMul", ["weighted", "diagnosis_head"], ["diagnosis_parts"]),
        node("ReduceSum", ["diagnosis_parts", "axis_1"], ["diagnosis_logits"], keepdims=0),
        node("ReduceMax", ["diagnosis_parts", "axis_2"], ["diagnosis_attribution"], keepdims=0),
        node("IsNaN", ["vitals"], ["absent"]),
        node("Where", ["absent", "zero", "vitals"], ["present"]),
        node("Mul", ["present", "vitals_weights"], ["vitals_parts"]),
        node("ReduceSum", ["vitals_parts", "axis_1"], ["vitals_sum"], keepdims=1),
        node("MatMul", ["weighted", "urgency_head"], ["urgency_parts"]),
        node("ReduceSum", ["urgency_parts", "axis_1"], ["urgency_text"], keepdims=0),
        node("Add", ["urgency_text", "vitals_sum"], ["urgency_logits"]),
        node("ReduceMax", ["urgency_parts", "axis_2"], ["urgency_tokens"], keepdims=0),
        node("Concat", ["urgency_tokens", "vitals_parts"], ["urgency_attribution"], axis=1),
    ]
    ints = {"axis_1": [1], "axis_2": [2]}
    initializers = [
        weights("table", _VOCABULARY, _HIDDEN),
        weights("diagnosis_head", _HIDDEN, _CLASSES),
        weights("urgency_head", _HIDDEN, _CLASSES),
        numpy_helper.from_array(draw.normal(0, 0.01, VITALS_COUNT).astype(np.float32), "vitals_weights"),
        numpy_helper.from_array(np.float32(0), "zero"),
        *(numpy_helper.from_array(np.array(axes, dtype=np.int64), name) for name, axes in ints.items()),
    ]
    if matmul_rounds:
        initializers.append(numpy_helper.from_array(np.eye(_HIDDEN, dtype=np.float32), "rotation"))
    _save(nodes, initializers, path)


def _save(nodes: list[onnx.NodeProto], initializers: list[onnx.TensorProto], path: Path) -> None:
    def tensor(name: str, kind: int, *shape: int | str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, shape)

    inputs = [
        tensor("input_ids", TensorProto.INT64, "b", "n"),
        tensor("attention_mask", TensorProto.INT64, "b", "n"),
        tensor("vitals", TensorProto.FLOAT, "b", VITALS_COUNT),
    ]
    outputs = [
        tensor("diagnosis_logits", TensorProto.FLOAT, "b", _CLASSES),
        tensor("urgency_logits", TensorProto.FLOAT, "b", _CLASSES),
        tensor("diagnosis_attribution", TensorProto.FLOAT, "b", "n"),
        tensor("urgency_attribution", TensorProto.FLOAT, "b", "w"),
        tensor("embedding", TensorProto.FLOAT, "b", _HIDDEN),
    ]
    graph = helper.make_graph(nodes, "tiny_triage_bert", inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def write_repository(folder: Path, matmul_rounds: int = 0) -> Path:
    """A model repository: the committed configuration and backend code around the tiny model, version 1."""
    version = folder / "triage_bert" / "1"
    version.mkdir(parents=True)
    shutil.copy(_MODEL_DIR / "config.pbtxt", version.parent)
    shutil.copy(_MODEL_DIR / "1" / "model.py", version)
    write_model(version / "model.onnx", matmul_rounds)
    return folder
