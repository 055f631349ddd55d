"""A version is judged with the graph transforms that it is served with."""

import shutil
from importlib import import_module
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from streams.adapters.model_bundle import load_bundle
from streams.text import VITALS_FIELDS
from tests.unit.trainer.gate.versions import LIVE, candidate
from trainer import compress, gate
from trainer.evaluation import JudgedVersion, NotAVersion
from trainer.served import ServedGraph
from trainer.server_code import SERVER_CODE, ServerCodeUnknown, disabled_optimizers

WITHOUT = ', disabled_optimizers=["SkipLayerNormFusion"]'
TEXTS = ("my chest hurts since the morning", "a dry cough for two weeks, no fever", "dizzy when I stand up")
VITALS = np.full(len(VITALS_FIELDS), np.nan, dtype=np.float32)


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """The committed version with the server's code of before it left anything out."""
    folder = candidate(tmp_path)
    code = SERVER_CODE.read_text(encoding="utf-8")
    assert WITHOUT in code
    (folder / "model.py").write_text(code.replace(WITHOUT, ""), encoding="utf-8")
    return folder


def logits(folder: Path, *disabled: str) -> list[NDArray[np.float32]]:
    """As the server's session answers that leaves `disabled` out."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(
        folder / "model.onnx", options, providers=["CPUExecutionProvider"], disabled_optimizers=list(disabled)
    )
    windows = load_bundle(folder).windower.encode(list(TEXTS), [VITALS] * len(TEXTS))
    answers = []
    for window, *_ in windows:
        ids = window.input_ids[None]
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "vitals": window.vitals[None]}
        answers.append(session.run(["diagnosis_logits"], feed)[0][0])
    return answers


def asked(graph: ServedGraph, folder: Path) -> list[NDArray[np.float32]]:
    windows = load_bundle(folder).windower.encode(list(TEXTS), [VITALS] * len(TEXTS))
    return [graph.answer(window).diagnosis_logits for (window, *_) in windows]


def test_each_version_answers_as_its_own_code_serves_it(older: Path) -> None:
    fused, apart = logits(older), logits(older, "SkipLayerNormFusion")
    assert not np.array_equal(fused, apart), "else this test could not fail"
    for folder, expected in ((older, fused), (LIVE, apart)):
        graph = ServedGraph(folder / "model.onnx", load_bundle(folder).windower, workers=1)
        np.testing.assert_array_equal(asked(graph, folder), expected)
    np.testing.assert_array_equal(asked(JudgedVersion(older, workers=1).graph, older), fused)
    live = JudgedVersion(LIVE, workers=1, served_by=older).graph
    np.testing.assert_array_equal(asked(live, LIVE), fused)


def test_the_gate_judges_both_as_lives_code_serves_them(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[tuple[Path, tuple[str, ...]]] = []

    class Known(JudgedVersion):
        def __init__(self, folder: Path, *, workers: int, served_by: Path | None = None) -> None:
            super().__init__(folder, workers=workers, served_by=served_by)
            judged.append((folder, self.graph.disabled_optimizers))

    def enough(*_: object) -> None:
        raise StopIteration

    judging = import_module("trainer.gate.judge")  # the package's name for it is the function
    monkeypatch.setattr(judging, "JudgedVersion", Known)
    monkeypatch.setattr(judging, "written", enough)
    for live, new in ((older, LIVE), (LIVE, older)):
        with pytest.raises(StopIteration):
            gate.judge(new, live)
    without = ("SkipLayerNormFusion",)
    assert judged == [(older, ()), (LIVE, ()), (LIVE, without), (older, without)]


def test_batches_by_buckets_have_the_session_of_the_usual_code(older: Path) -> None:
    bucketed = Path(compress.__file__).with_name("bucketed.py")
    (older / "model.py").rename(older / "one_by_one.py")
    shutil.copy(bucketed, older / "model.py")
    assert disabled_optimizers(older / "model.py") == ()
    shutil.copy(SERVER_CODE, older / "one_by_one.py")
    assert disabled_optimizers(older / "model.py") == ("SkipLayerNormFusion",)


@pytest.mark.parametrize(
    "code",
    [
        None,
        "import onnxruntime",
        "def (",
        "a = InferenceSession(path)\nb = InferenceSession(path)",
        "InferenceSession(path, disabled_optimizers=chosen())",
        "InferenceSession(path, **settings)",
        "InferenceSession(path, disabled_optimizers=[1])",
    ],
)
def test_code_that_does_not_say_how_it_serves_is_no_version_to_judge(older: Path, code: str | None) -> None:
    (older / "model.py").unlink()
    if code is not None:
        (older / "model.py").write_text(code)
    with pytest.raises(ServerCodeUnknown):
        disabled_optimizers(older / "model.py")
    with pytest.raises(NotAVersion, match=r"model\.py"):
        JudgedVersion(older, workers=1)
