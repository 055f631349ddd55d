"""`triage train continue` from the shipped version and from a run, to versions that a worker can load."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ops.cli.main import app
from streams.adapters.model_bundle import load_bundle
from trainer.continual import candidate
from trainer.continual.start import read_start
from trainer.data.dataset import read_dataset, write_dataset
from trainer.data.importing import write_corpus
from trainer.paraphrase.files import sha256_of_text
from trainer.runs import RunFolder
from trainer.served import ServedGraph

SHIPPED = Path("model_repo/triage_bert/1")


@pytest.fixture(autouse=True)
def short_past(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidate, "_PAST_VISITS", 12)
    monkeypatch.setattr(candidate, "_PAST_STORIES", 12)


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "new"
    write_dataset(write_corpus("corpus", 60, seed=77), folder)
    return folder


def again(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["train", "continue", *map(str, arguments)])
    return result.exit_code, result.output


@pytest.mark.timeout(600)
def test_rounds_follow_each_other_from_the_shipped_version_on(new: Path, tmp_path: Path) -> None:
    out = ("--out", tmp_path / "runs")
    code, output = again("--from", SHIPPED, "--new", new, *out, "--set", "name=one")
    assert code == 0, output
    one = RunFolder(tmp_path / "runs" / "one")
    record = one.read()
    assert record.continued is not None
    assert (record.status, record.method, one.version_dir.name) == ("finished", "rehearsal", "2")
    assert (record.continued.version, record.continued.weights) == ("triage_bert/1", "dequantized int8")
    assert record.data.sha256 == json.loads((new / "dataset.json").read_text())["content_sha256"]
    assert {score.task for score in record.after} == {"diagnosis", "urgency"}

    bundle = load_bundle(one.version_dir)
    before = load_bundle(SHIPPED)
    thresholds = {"out_of_domain_above"}
    assert bundle.profile.thresholds.model_dump(exclude=thresholds) == before.profile.thresholds.model_dump(
        exclude=thresholds
    )
    assert bundle.profile.thresholds.out_of_domain_above >= before.profile.thresholds.out_of_domain_above
    assert bundle.domain.directions is not None
    assert before.domain.directions is not None
    np.testing.assert_array_equal(bundle.domain.directions, before.domain.directions)
    rows = write_corpus("corpus", 100, seed=5).rows[:12]
    shipped, made = (
        ServedGraph(folder / "model.onnx", before.windower, workers=1).ask(rows, title="ask")
        for folder in (SHIPPED, one.version_dir)
    )
    np.testing.assert_allclose(made.embedding, shipped.embedding, atol=1e-4)  # the encoder is what it was
    assert np.abs(made.diagnosis_logits - shipped.diagnosis_logits).max() > 0.01

    code, output = again("--from", one.path, "--new", new, *out, "--set", "name=two")
    assert code == 0, output
    two = RunFolder(tmp_path / "runs" / "two")
    continued = two.read().continued
    assert continued is not None
    assert (two.version_dir.name, continued.run, continued.weights) == ("3", "one", "float32")
    assert continued.seen_rows > record.continued.seen_rows
    for made_run in (one, two):  # a watch goes on from the version alone, which has to remember as much
        weights = [read_start(path).statistics.count.sum() for path in (made_run.path, made_run.version_dir)]
        np.testing.assert_allclose(*weights)


@pytest.mark.timeout(600)
def test_an_interrupted_round_goes_on(new: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    words = tmp_path / "other_words.jsonl"
    text = read_dataset(new).splits.train[0].text
    line = {"text_sha256": sha256_of_text(text), "translator": "none", "paraphrases": [f"{text} Thanks."]}
    words.write_text(json.dumps(line) + "\n")
    said = ("name=broken", "epochs=1", "max_length=32", f"augmentation.paraphrases.file={words}")
    settings = ("--strategy", "replay", *(part for one in said for part in ("--set", one)))
    with monkeypatch.context() as patch:
        patch.setattr(candidate._Candidate, "_export", interrupt)
        code, _ = again("--from", SHIPPED, "--new", new, "--out", tmp_path / "runs", *settings)
        assert code != 0
    broken = RunFolder(tmp_path / "runs" / "broken")
    assert (broken.read().status, len(broken.read().epochs)) == ("running", 1)
    used = broken.read().paraphrases
    assert used is not None
    assert (used.sha256, used.rows) == (hashlib.sha256(words.read_bytes()).hexdigest(), 1)
    as_begun = words.read_text()
    words.write_text(json.dumps(line | {"paraphrases": [f"{text} Bye."]}) + "\n")
    code, output = again("--resume", broken.path)
    assert (code, "the paraphrases are not what the round began with" in output) == (1, True)
    words.write_text(as_begun)
    code, output = again("--resume", broken.path)
    assert code == 0, output
    record = broken.read()
    assert (record.status, len(record.epochs), broken.version_dir.name) == ("finished", 1, "2")
    assert (broken.continual / "memory" / "rows.parquet").exists()
    code, output = again("--resume", broken.path)
    assert (code, "is finished" in output) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "--from and --new say what is continued with what"),
        (["--from", str(SHIPPED), "--new", "nowhere"], "nowhere has no dataset.json"),
        (["--from", "nowhere", "--new", "nowhere"], "nowhere: neither a run's folder nor a version's"),
        (["--from", str(SHIPPED), "--new", "x", "--strategy", "magic"], "no strategy 'magic'"),
        (["--resume", "nowhere"], "nowhere: no run.json"),
        (["--resume", "nowhere", "--strategy", "naive"], "no other setting beside it"),
    ],
)
def test_a_mistake_ends_with_one_line(arguments: list[str], says: str, tmp_path: Path) -> None:
    code, output = again(*arguments, "--out", str(tmp_path / "runs"))
    assert code == 1
    assert says in " ".join(output.split())
