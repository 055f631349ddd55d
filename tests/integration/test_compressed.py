"""Compressed versions on a real Triton, beside the classic loop: `triage compress`, then `triage bench compress`."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ops.cli.main import app
from tests.unit.trainer.compress.finished_run import finished_run
from trainer.data.dataset import make_dataset, write_dataset
from trainer.data.importing import write_corpus

pytestmark = pytest.mark.stack

VARIANTS = ("float32", "int8-static-bucketed")


def another_source(path: Path) -> Path:
    """Write messages that say where else they are from, all of them held out."""
    made = write_corpus("corpus", 60, seed=2)
    rows = [replace(row, source="elsewhere") for row in made.rows]
    origins = [origin.model_copy(update={"source": "elsewhere"}) for origin in made.manifest.origins]
    write_dataset(make_dataset(rows, origins, held_out=["elsewhere"], seed=1), path)
    return path


@pytest.mark.timeout(240)
def test_versions_answer_through_triton_what_torch_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "nice", lambda _increment: 0)  # it would hold for the tests that follow
    run = finished_run(tmp_path / "first", layers=2)
    only = [word for name in VARIANTS for word in ("--only", name)]
    made = CliRunner().invoke(app, ["compress", str(run.path), *only])
    assert made.exit_code == 0, made.output
    words = ["bench", "compress", str(run.path), "--rounds", "1", "--rows", "16", "--json"]
    asked = CliRunner().invoke(app, [*words, "--unseen", str(another_source(tmp_path / "elsewhere"))])
    assert asked.exit_code == 0, asked.output
    document = json.loads(asked.stdout)
    assert [version["variant"] for version in document["versions"]] == list(VARIANTS)
    exact = document["versions"][0]
    assert exact["macro_f1"]["value"] == document["classic"]["macro_f1"]["value"]
    assert exact["macro_f1_lost"]["high"] == exact["qwk_lost"]["high"] == 0.0
    assert document["unseen_rows"] > 0
    assert exact["unseen_macro_f1"]["value"] == document["classic"]["unseen_macro_f1"]["value"]
    assert exact["unseen_macro_f1_lost"]["high"] == 0.0
    assert all(version["ratio"] > 0 and version["ratio_per_cpu_s"] > 0 for version in document["versions"])
    assert any(version["on_front"] for version in document["versions"])
