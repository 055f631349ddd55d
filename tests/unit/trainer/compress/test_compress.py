"""`triage compress` from a run's folder to versions that a worker can load and ONNX Runtime serves."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ops.cli.main import app
from streams.adapters.model_bundle import load_bundle
from streams.text import VITALS_FIELDS
from tests.unit.trainer.compress.finished_run import finished_run
from trainer.compress.record import read_compressed
from trainer.compress.subject import load_subject
from trainer.compress.variants import VARIANTS
from trainer.registry import entries
from trainer.runs import RunFolder
from trainer.served import ServedGraph
from trainer.tuning.config import Prefix


def compress(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["compress", *arguments])
    return result.exit_code, " ".join(result.output.split())


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return finished_run(tmp_path_factory.mktemp("runs") / "first")


def test_variants_become_versions_of_the_same_contract(run: RunFolder) -> None:
    names = ("int8-static-bucketed", "3-layers-half-int8")
    only = [word for name in names for word in ("--only", name)]
    code, output = compress(str(run.path), *only, "--epochs", "1", "--first-version", "7")
    assert code == 0, output
    folder = run.path / "compressed"
    record = read_compressed(folder)
    assert [(one.version, one.variant, one.layers) for one in record.versions] == [
        ("7", names[0], 4),
        ("8", names[1], 3),
    ]
    assert record.versions[1].parameters < record.versions[0].parameters
    subject = load_subject(run.path)
    row = subject.dataset.splits.test[0]
    for version in ("7", "8"):
        version_dir = folder / "model_repo" / "triage_bert" / version
        bundle = load_bundle(version_dir)
        assert bundle.profile.version == version
        card = json.loads((version_dir / "model_card.json").read_text())
        (window, *_) = bundle.windower.encode([row.text], [row.vitals])[0]
        graph = ServedGraph(version_dir / "model.onnx", bundle.windower, workers=1)
        (answer,) = graph.ask_windows([window], title="ask")
        label = bundle.profile.labels[int(answer.diagnosis_logits.argmax())]
        summed = answer.diagnosis_attribution.sum() + card["diagnosis_bias"][label]
        assert summed == pytest.approx(answer.diagnosis_logits.max(), abs=1e-3)
        assert answer.vitals_attribution.shape == (len(VITALS_FIELDS),)
        assert np.isfinite(bundle.domain.distance(answer.embedding))
        assert str(run.path) not in (version_dir / "model_card.json").read_text()
    assert (folder / "model_repo" / "triage_bert" / "7" / "one_by_one.py").exists()
    listed = entries(run.path / "no-runs", folder / "model_repo")
    assert [(entry.name, len(entry.scores)) for entry in listed] == [
        ("triage_bert/7", 2),
        ("triage_bert/8", 2),
    ]
    assert [path.name for path in run.path.iterdir() if path.name.startswith(".")] == []
    assert "dims: [ 32 ]" in (folder / "model_repo" / "triage_bert" / "config.pbtxt").read_text()


def test_names_of_variants_are_unique() -> None:
    assert len({variant.name for variant in VARIANTS}) == len(VARIANTS)


def test_only_what_is_independent_of_batch_mates_runs_in_batches() -> None:
    assert {variant.graph for variant in VARIANTS if variant.backend == "bucketed"} == {
        "float32",
        "int8_static",
    }


def test_a_mistake_ends_with_one_line(run: RunFolder, tmp_path: Path) -> None:
    assert compress(str(tmp_path)) == (1, f"{tmp_path}: no run.json")
    code, output = compress(str(run.path), "--only", "tiny", "--out", str(tmp_path / "out"))
    assert (code, "no variant tiny: there are float32" in output) == (1, True)
    code, output = compress(str(run.path), "--out", str(tmp_path))
    assert (code, "exists: name another folder" in output) == (1, True)
    prefixed = finished_run(tmp_path / "prefixed", method=Prefix())
    code, output = compress(str(prefixed.path))
    assert (code, "prefix stays in the encoder" in output) == (1, True)
    running = finished_run(tmp_path / "running")
    running.write(running.read().model_copy(update={"status": "running"}))
    code, output = compress(str(running.path))
    assert (code, "is not finished" in output) == (1, True)
    running.write(running.read().model_copy(update={"status": "finished"}))
    running.weights.unlink()
    code, output = compress(str(running.path))
    assert (code, "its weights are missing" in output) == (1, True)
