"""The batching backend answers what the one-by-one backend answers."""

import importlib.util
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tiny_triage_bert import VITALS_COUNT, write_repository
from tests.unit.ops.local.test_model_backend import Arrays, Request, _utilities
from trainer import compress


def loaded(path: Path, name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def backends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    monkeypatch.setitem(sys.modules, "triton_python_backend_utils", _utilities())
    version = write_repository(tmp_path) / "triage_bert" / "1"
    one_by_one = loaded(version / "model.py", "one_by_one")
    monkeypatch.setitem(sys.modules, "one_by_one", one_by_one)
    shutil.copy(Path(compress.__file__).with_name("bucketed.py"), version / "model.py")
    bucketed = loaded(version / "model.py", "bucketed")
    monkeypatch.setattr(one_by_one, "_end_with_server", lambda: None)
    made = (one_by_one.TritonPythonModel(), bucketed.TritonPythonModel())
    for model in made:
        model.initialize({"model_repository": str(version.parent), "model_version": "1"})
    return made


def request() -> Arrays:
    lengths, width = [3, 40, 16, 17, 1], 40
    draw = np.random.default_rng(1)
    mask = (np.arange(width) < np.array(lengths)[:, None]).astype(np.int64)
    return {
        "input_ids": draw.integers(1, 1000, mask.shape) * mask,
        "attention_mask": mask,
        "vitals": draw.normal(80, 9, (len(lengths), VITALS_COUNT)).astype(np.float32),
    }


def test_buckets_change_no_answer_and_keep_the_order(backends: tuple[Any, Any]) -> None:
    alone, together = (model.execute([Request(request())])[0].arrays() for model in backends)
    assert set(alone) == set(together)
    for name, values in alone.items():
        np.testing.assert_allclose(together[name], values, atol=1e-4, err_msg=name)


def test_a_bad_request_is_refused_as_usual(backends: tuple[Any, Any]) -> None:
    broken = request()
    broken["attention_mask"] = broken["attention_mask"][:, ::-1]
    assert backends[1].execute([Request(broken)])[0].code() == "INVALID_ARG"
