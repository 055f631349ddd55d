"""`triage train` from files on disk to a version that a worker can load, in about a minute."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import BertConfig, BertModel
from typer.testing import CliRunner

from ops.cli.main import app
from streams.adapters.model_bundle import load_bundle
from trainer.data.dataset import read_dataset, write_dataset
from trainer.data.importing import write_corpus
from trainer.model import TriageBert
from trainer.paraphrase.files import sha256_of_text
from trainer.runs import RunFolder
from trainer.served import ServedGraph
from trainer.train import data_warnings
from trainer.tuning.validate import answer

CONFIG = """
method: {kind: lora, rank: 4}
epochs: 1
max_length: 32
heads_first: {epochs: 5}
early_stopping: {figure: mean, patience: 1}
"""


def train(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["train", *arguments])
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "wards"
    write_dataset(write_corpus("corpus", 240, seed=1), folder)
    return folder


@pytest.mark.timeout(300)
def test_files_on_disk_become_a_version_that_can_be_served(data: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(CONFIG)
    paraphrases = tmp_path / "other_words.jsonl"
    first_row = read_dataset(data).splits.train[0]
    others = {"translator": "none", "paraphrases": [f"{first_row.text} Thanks."]}
    paraphrases.write_text(json.dumps({"text_sha256": sha256_of_text(first_row.text), **others}) + "\n")
    code, output = train(
        str(tmp_path / "mine.yaml"),
        "--data",
        str(data),
        "--out",
        str(tmp_path / "runs"),
        "--set",
        "name=first",
        "--set",
        f"augmentation.paraphrases.file={paraphrases}",
    )
    assert code == 0, output
    folder = RunFolder(tmp_path / "runs" / "first")
    record = folder.read()
    assert (record.status, record.method, len(record.epochs)) == ("finished", "lora", 1)
    assert 0 < record.trainable_parameters < 100_000 < record.parameters
    assert record.data.sha256 == json.loads((data / "dataset.json").read_text())["content_sha256"]
    assert record.paraphrases is not None
    assert record.paraphrases.rows == sum(
        one.text == first_row.text for one in read_dataset(data).splits.train
    )
    assert record.paraphrases.sha256 == hashlib.sha256(paraphrases.read_bytes()).hexdigest()
    assert {score.task for score in record.before} == {"diagnosis", "urgency"}
    assert {"float32", "int8"} <= {score.system for score in record.after}
    assert record.warnings == data_warnings(read_dataset(data))
    assert "test split: no row of level_1: how well it does is not measured." in record.warnings
    card = json.loads((folder.version_dir / "model_card.json").read_text())
    assert set(record.warnings) <= set(card["notes"])
    assert record.warnings[0] in output
    assert "macro avg" in (folder.reports / "epoch_1.txt").read_text()
    assert not folder.checkpoint.exists()
    assert (folder.version_dir.parent / "config.pbtxt").exists()
    assert (folder.version_dir / "model.py").exists()
    assert (
        str(tmp_path) not in folder.record.read_text() + (folder.version_dir / "model_card.json").read_text()
    )

    bundle = load_bundle(folder.version_dir)
    config = BertConfig.from_json_file(str(folder.encoder))
    model = TriageBert(BertModel(config, add_pooling_layer=False))  # type: ignore[no-untyped-call]
    model.load_state_dict(load_file(folder.weights))  # merged: a plain BERT's weights
    rows = write_corpus("corpus", 100, seed=2).rows[:20]
    served = ServedGraph(folder.version_dir / "model.onnx", bundle.windower, workers=1).ask(rows, title="ask")
    exact = answer(model, rows, bundle.windower)
    assert np.abs(served.diagnosis_logits - exact.diagnosis_logits).max() < 1.0
    agreeing = served.diagnosis_logits.argmax(axis=1) == exact.diagnosis_logits.argmax(axis=1)
    assert agreeing.mean() >= 0.9
    assert torch.isfinite(torch.from_numpy(served.urgency_logits)).all()

    code, output = train("--resume", str(folder.path))
    assert (code, "is finished" in output) == (1, True)
    code, output = train("--set", "name=first", "--out", str(tmp_path / "runs"))
    assert (code, "exists: name another run" in output) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--preset", "modern"], "no preset 'modern'"),
        (["--set", "epochs=0"], "epochs: Input should be greater"),
        (["--data", "nowhere"], "nowhere has no dataset.json"),
        (
            ["--set", "corpus_messages=100", "--set", "augmentation.paraphrases.file=nowhere"],
            "nowhere: No such",
        ),
        (["--resume", "nowhere"], "nowhere: no run.json"),
        (["--resume", "nowhere", "--preset", "lora"], "no other setting beside it"),
        (["search", "--over", "epochs=3..1"], "epochs: '3..1' is no range"),
    ],
)
def test_a_mistake_ends_with_one_line_and_trains_nothing(
    arguments: list[str], says: str, tmp_path: Path
) -> None:
    code, output = train(*arguments, "--out", str(tmp_path / "runs"))
    assert code == 1
    assert says in " ".join(output.split())
    assert not (tmp_path / "runs").exists()


@pytest.mark.timeout(120)
def test_an_encoder_that_is_none_is_named(data: Path, tmp_path: Path) -> None:
    empty = tmp_path / "encoder"
    empty.mkdir()
    code, output = train("--data", str(data), "--out", str(tmp_path / "runs"), "--set", f"encoder={empty}")
    assert code == 1
    assert f"encoder {empty}: neither" in output.replace("\n", "")
