"""Compressed versions on a real Triton, beside the classic loop: `triage compress`, then `triage bench compress`."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ops.cli.main import app
from tests.unit.trainer.compress.finished_run import finished_run

pytestmark = pytest.mark.stack

VARIANTS = ("float32", "int8-static-bucketed")


@pytest.mark.timeout(240)
def test_versions_answer_through_triton_what_torch_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "nice", lambda _increment: 0)  # it would hold for the tests that follow
    run = finished_run(tmp_path / "first", layers=2)
    only = [word for name in VARIANTS for word in ("--only", name)]
    made = CliRunner().invoke(app, ["compress", str(run.path), *only])
    assert made.exit_code == 0, made.output
    asked = CliRunner().invoke(
        app, ["bench", "compress", str(run.path), "--rounds", "1", "--rows", "16", "--json"]
    )
    assert asked.exit_code == 0, asked.output
    document = json.loads(asked.stdout)
    assert [version["variant"] for version in document["versions"]] == list(VARIANTS)
    exact = document["versions"][0]
    assert exact["macro_f1"]["value"] == document["classic"]["macro_f1"]["value"]
    assert exact["macro_f1_lost"]["high"] == exact["qwk_lost"]["high"] == 0.0
    assert all(version["ratio"] > 0 and version["ratio_per_cpu_s"] > 0 for version in document["versions"])
    assert any(version["on_front"] for version in document["versions"])
