from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from numpy.typing import NDArray

from tests.unit.trainer.tiny import inputs, tiny_model
from trainer.continual.dequantize import GraphUnknown, dequantized
from trainer.export import OUTPUTS, export_float, export_int8


def answers(path: Path) -> list[NDArray[np.float32]]:
    ids, mask, vitals = inputs(1, 12)
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    given = {"input_ids": ids.numpy(), "attention_mask": mask.numpy(), "vitals": vitals.numpy()}
    return list(session.run(list(OUTPUTS), given))


def test_weights_taken_from_an_int8_graph_give_the_same_graph_again(tmp_path: Path) -> None:
    model = tiny_model()
    export_int8(model, tmp_path / "served.onnx")
    back = dequantized(tmp_path / "served.onnx", attention_heads=4)
    assert back.state_dict().keys() == model.state_dict().keys()
    torch.testing.assert_close(back.cutpoints, model.cutpoints)
    export_int8(back, tmp_path / "again.onnx")
    for before, after in zip(
        answers(tmp_path / "served.onnx"), answers(tmp_path / "again.onnx"), strict=True
    ):
        np.testing.assert_allclose(after, before, atol=1e-5)


def test_a_graph_that_is_not_int8_is_refused(tmp_path: Path) -> None:
    export_float(tiny_model(), tmp_path / "float.onnx")
    with pytest.raises(GraphUnknown, match=r"float\.onnx: not the graph of a plain BERT"):
        dequantized(tmp_path / "float.onnx")
