"""model_repo/triage_bert/1/model.py with a stand-in for Triton's utilities, which exist only inside the server."""

import importlib.util
import json
import os
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnxruntime
import pytest

from tests.tiny_triage_bert import VITALS_COUNT, write_repository

Arrays = dict[str, Any]


class TritonError(Exception):
    CANCELLED, INTERNAL, INVALID_ARG = "CANCELLED", "INTERNAL", "INVALID_ARG"

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Tensor:
    name: str
    values: Any

    def as_numpy(self) -> Any:
        return self.values


@dataclass
class InferenceResponse:
    output_tensors: list[Tensor]
    error: TritonError | None = None

    def arrays(self) -> Arrays:
        assert self.error is None
        return {tensor.name: tensor.values for tensor in self.output_tensors}

    def code(self) -> str:
        assert self.error is not None
        return self.error.code


@dataclass
class Request:
    tensors: Arrays
    cancelled: bool = field(default=False)
    is_urgent: bool | None = None

    def is_cancelled(self) -> bool:
        return self.cancelled

    def parameters(self) -> str:
        return "" if self.is_urgent is None else json.dumps({"urgent": self.is_urgent})


def _utilities() -> ModuleType:
    module = ModuleType("triton_python_backend_utils")
    vars(module).update(TritonError=TritonError, Tensor=Tensor, InferenceResponse=InferenceResponse)
    vars(module)["get_input_tensor_by_name"] = lambda request, name: Tensor(name, request.tensors[name])
    return module


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    return write_repository(tmp_path) / "triage_bert"


@pytest.fixture
def model(model_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setitem(sys.modules, "triton_python_backend_utils", _utilities())
    spec = importlib.util.spec_from_file_location("served_model", model_dir / "1" / "model.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    backend = module.TritonPythonModel()
    backend.initialize({"model_repository": str(model_dir), "model_version": "1"})
    return backend


def _batch(*lengths: int, width: int | None = None) -> Arrays:
    width = width or max(lengths)
    draw = np.random.default_rng(3)
    mask = (np.arange(width) < np.array(lengths)[:, None]).astype(np.int64)
    vitals = draw.normal(80, 10, (len(lengths), VITALS_COUNT)).astype(np.float32)
    vitals[:, ::3] = np.nan
    ids = draw.integers(1, 1000, mask.shape) * mask
    return {"input_ids": ids, "attention_mask": mask, "vitals": vitals}


def test_answer_is_that_of_the_row_alone(model: Any, model_dir: Path) -> None:
    batch = _batch(3, 7, 5)
    (response,) = model.execute([Request(batch)])
    session = onnxruntime.InferenceSession(
        model_dir / "1" / "model.onnx",
        disabled_optimizers=["SkipLayerNormFusion"],  # to the last bit
    )
    for row, length in enumerate((3, 7, 5)):
        alone = {name: values[row : row + 1] for name, values in batch.items()}
        alone = {name: v if name == "vitals" else v[:, :length] for name, v in alone.items()}
        names = [output.name for output in session.get_outputs()]
        expected = dict(zip(names, session.run(names, alone), strict=True))
        for name in ("diagnosis_logits", "urgency_logits", "embedding"):
            np.testing.assert_array_equal(response.arrays()[name][row], expected[name][0])


@pytest.mark.parametrize(("is_urgent", "gives_way"), [(None, True), (False, True), (True, False)])
def test_only_an_urgent_request_runs_with_the_niceness_of_the_process(
    model: Any, monkeypatch: pytest.MonkeyPatch, is_urgent: bool | None, gives_way: bool
) -> None:
    seen: list[int] = []
    session = model.session

    class Watched:
        def run(self, names: list[str], feed: Arrays) -> list[Any]:
            seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
            return list(session.run(names, feed))

    monkeypatch.setattr(model, "session", Watched())
    model.execute([Request(_batch(3), is_urgent=is_urgent)])
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert seen == [max(own, 10) if gives_way else own]


def test_attributions_are_padded_and_the_vitals_stand_at_the_end(model: Any) -> None:
    (padded,) = model.execute([Request(_batch(4, width=9))])
    (exact,) = model.execute([Request({**_batch(4, width=9), **_cut(_batch(4, width=9), 4)})])
    diagnosis, urgency = padded.arrays()["diagnosis_attribution"], padded.arrays()["urgency_attribution"]
    assert diagnosis.shape == (1, 9)
    assert urgency.shape == (1, 9 + VITALS_COUNT)
    assert not diagnosis[:, 4:].any()
    assert not urgency[:, 4:9].any()
    np.testing.assert_array_equal(urgency[:, :4], exact.arrays()["urgency_attribution"][:, :4])
    np.testing.assert_array_equal(urgency[:, 9:], exact.arrays()["urgency_attribution"][:, 4:])


def _cut(batch: Arrays, length: int) -> Arrays:
    return {name: batch[name][:, :length] for name in ("input_ids", "attention_mask")}


def _left_padded() -> Arrays:
    batch = _batch(3, width=5)
    return {**batch, "attention_mask": batch["attention_mask"][:, ::-1].copy()}


@pytest.mark.parametrize(
    "tensors",
    [
        {**_batch(3), "attention_mask": np.zeros((1, 3), dtype=np.int64)},
        {**_batch(3), "attention_mask": np.ones((1, 4), dtype=np.int64)},
        {**_batch(3), "attention_mask": np.full((1, 3), 2, dtype=np.int64)},
        {**_batch(3), "vitals": np.zeros((1, 3), dtype=np.float32)},
        {**_batch(3), "vitals": np.zeros((2, VITALS_COUNT), dtype=np.float32)},
        _left_padded(),
    ],
    ids=[
        "no token",
        "mask too wide",
        "mask not 0 or 1",
        "too few vitals",
        "vitals of two",
        "padded on the left",
    ],
)
def test_broken_request_is_refused_and_its_batch_mate_answered(model: Any, tensors: Arrays) -> None:
    broken, good = model.execute([Request(tensors), Request(_batch(3))])
    assert broken.code() == "INVALID_ARG"
    assert good.arrays()["diagnosis_logits"].shape == (1, 5)


def test_failure_inside_the_model_is_internal_and_names_no_content(model: Any) -> None:
    outside = {**_batch(3), "input_ids": np.full((1, 3), 987_654, dtype=np.int64)}
    failed, good = model.execute([Request(outside), Request(_batch(3))])
    assert failed.code() == "INTERNAL"
    assert "987654" not in str(failed.error)
    assert good.error is None


def test_cancelled_request_is_not_computed(model: Any) -> None:
    (response,) = model.execute([Request({}, cancelled=True)])
    assert response.code() == "CANCELLED"
