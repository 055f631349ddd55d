from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch

from tests.unit.trainer.tiny import inputs
from tests.unit.trainer.tuning.small import ROWS, WINDOWER, small_model
from trainer.compress.graphs import Graph, write_graph
from trainer.export import INPUTS, OUTPUTS
from trainer.model import Answer

MODEL = small_model().eval()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("graphs")
    graphs: tuple[Graph, ...] = ("fused", "fused_int8", "int8_static")
    for graph in graphs:
        write_graph(graph, MODEL, made / f"{graph}.onnx", ROWS, WINDOWER)
    return made


def ask(path: Path, arguments: tuple[torch.Tensor, ...]) -> Answer:
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    feed = {name: tensor.numpy() for name, tensor in zip(INPUTS, arguments, strict=True)}
    return Answer(*map(torch.from_numpy, session.run(list(OUTPUTS), feed)))


@pytest.mark.parametrize(("graph", "within"), [("fused", 2e-3), ("fused_int8", 0.1), ("int8_static", 0.1)])
def test_a_graph_answers_what_torch_answers(folder: Path, graph: str, within: float) -> None:
    arguments = inputs(3, 17, padded=6)
    with torch.no_grad():
        expected = MODEL(*arguments)
    for name, got, wanted in zip(OUTPUTS, ask(folder / f"{graph}.onnx", arguments), expected, strict=True):
        torch.testing.assert_close(got, wanted, atol=within, rtol=within, msg=name)


def test_attention_is_fused(folder: Path) -> None:
    operators = [node.op_type for node in onnx.load(str(folder / "fused.onnx")).graph.node]
    assert operators.count("Attention") + operators.count("MultiHeadAttention") == 2
    assert MODEL.encoder.config._attn_implementation == "sdpa"


def test_fused_attention_is_int8_and_norms_stay_plain(folder: Path) -> None:
    """ONNX Runtime's sum-and-norm operator is slower than both apart, and undone nowhere later."""
    operators = [node.op_type for node in onnx.load(str(folder / "fused_int8.onnx")).graph.node]
    assert operators.count("QAttention") == 2
    assert "SkipLayerNormalization" not in operators
    assert operators.count("LayerNormalization") == 5


@pytest.mark.parametrize("graph", ["fused_int8", "int8_static"])
def test_no_sum_of_products_overflows_where_a_processor_has_no_vnni(folder: Path, graph: str) -> None:
    """The words' table is looked up, not multiplied."""
    stored = onnx.load(str(folder / f"{graph}.onnx")).graph.initializer
    int8 = [
        one for one in stored if one.data_type == onnx.TensorProto.INT8 and "word_embeddings" not in one.name
    ]
    matrices = [onnx.numpy_helper.to_array(one).astype(int) for one in int8 if len(one.dims) > 1]
    assert matrices
    assert max(int(np.abs(one).max()) for one in matrices) <= 64


def test_static_scales_make_an_answer_independent_of_its_batch_mates(folder: Path) -> None:
    ids, mask, vitals = inputs(4, 17, padded=6)
    together = ask(folder / "int8_static.onnx", (ids, mask, vitals))
    alone = ask(folder / "int8_static.onnx", (ids[-1:, :11], mask[-1:, :11], vitals[-1:]))
    np.testing.assert_allclose(together.diagnosis_logits[-1], alone.diagnosis_logits[0], atol=1e-4)
    np.testing.assert_allclose(together.embedding[-1], alone.embedding[0], atol=1e-4)


def test_each_word_has_its_own_scale(folder: Path) -> None:
    stored = {one.name: one for one in onnx.load(str(folder / "fused_int8.onnx")).graph.initializer}
    (words,) = [
        onnx.numpy_helper.to_array(one) for name, one in stored.items() if name.endswith("weight_int8")
    ]
    (scales,) = [
        onnx.numpy_helper.to_array(one) for name, one in stored.items() if name.endswith("weight_scales")
    ]
    table = MODEL.encoder.embeddings.word_embeddings.weight.detach().numpy()
    assert words.dtype == np.int8
    assert (np.abs(words * scales - table) <= np.abs(table).max(axis=1, keepdims=True) / 250).all()
