from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from onnx import TensorProto

from tests.unit.trainer.tiny import inputs, tiny_model
from trainer.export import INPUTS, OUTPUTS, export_float, export_int8
from trainer.model import Answer

MODEL = tiny_model()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("graphs")
    export_float(MODEL, made / "float.onnx")
    export_int8(MODEL, made / "int8.onnx")
    return made


def ask(path: Path, arguments: tuple[torch.Tensor, ...]) -> Answer:
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    feed = {name: tensor.numpy() for name, tensor in zip(INPUTS, arguments, strict=True)}
    return Answer(*map(torch.from_numpy, session.run(list(OUTPUTS), feed)))


@pytest.mark.parametrize(("batch", "tokens", "padded"), [(1, 3, 0), (1, 60, 0), (4, 17, 6)])
def test_the_float_graph_answers_what_torch_answers(
    folder: Path, batch: int, tokens: int, padded: int
) -> None:
    arguments = inputs(batch, tokens, padded=padded)
    with torch.no_grad():
        expected = MODEL(*arguments)
    for name, got, wanted in zip(OUTPUTS, ask(folder / "float.onnx", arguments), expected, strict=True):
        torch.testing.assert_close(got, wanted, atol=2e-3, rtol=1e-3, msg=name)


def test_the_int8_graph_keeps_contributions_additive(folder: Path) -> None:
    answer = ask(folder / "int8.onnx", inputs(1, 20))
    winner = answer.diagnosis_logits.argmax(dim=1)
    summed = answer.diagnosis_attribution.sum(dim=1) + MODEL.diagnosis_head.bias[winner]
    torch.testing.assert_close(summed, answer.diagnosis_logits.max(dim=1).values, atol=1e-5, rtol=0)


def test_no_sum_of_two_products_overflows_where_a_processor_has_no_vnni(folder: Path) -> None:
    graph = onnx.load(str(folder / "int8.onnx")).graph
    weights = [
        onnx.numpy_helper.to_array(one) for one in graph.initializer if one.data_type == TensorProto.INT8
    ]
    matrices = [one.astype(np.int64) for one in weights if one.ndim > 1]
    assert matrices
    assert max(int(np.abs(one).max()) for one in matrices) == 64
    assert 2 * np.iinfo(np.uint8).max * 64 <= np.iinfo(np.int16).max


def test_the_int8_graph_stays_near_the_float_one(folder: Path) -> None:
    arguments = inputs(1, 20)
    exact, small = ask(folder / "float.onnx", arguments), ask(folder / "int8.onnx", arguments)
    torch.testing.assert_close(small.diagnosis_logits, exact.diagnosis_logits, atol=0.05, rtol=0)
    assert not torch.equal(small.diagnosis_logits, exact.diagnosis_logits)


def test_a_sequence_run_alone_answers_the_same_whatever_ran_before(folder: Path) -> None:
    session = ort.InferenceSession(str(folder / "int8.onnx"), providers=["CPUExecutionProvider"])
    sequences = [
        {name: tensor.numpy() for name, tensor in zip(INPUTS, inputs(1, tokens, seed=tokens), strict=True)}
        for tokens in (4, 40, 9)
    ]
    forwards = [session.run(None, feed)[0] for feed in sequences]
    backwards = [session.run(None, feed)[0] for feed in reversed(sequences)][::-1]
    assert all(np.array_equal(a, b) for a, b in zip(forwards, backwards, strict=True))
