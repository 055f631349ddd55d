"""Nothing tells anyone of its use. ONNX Runtime's builds would: their import leaves a device id in the home folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_SERVED_MODEL = """
import sys, types
sys.modules["triton_python_backend_utils"] = types.ModuleType("triton_python_backend_utils")
sys.path.insert(0, "model_repo/triage_bert/1")
import model
"""


def _files_left_by(program: str, home: Path) -> list[Path]:
    """Bare, as the builds send nothing where CI, GITHUB_ACTIONS or the like is set."""
    subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        cwd=Path(__file__).parents[2],
        check=True,
        timeout=120,
    )
    return [path for path in home.rglob("*") if "onnxruntime" in str(path)]


@pytest.mark.parametrize("program", ["import trainer.served", "import ops.local.selftest", _SERVED_MODEL])
def test_what_runs_models_leaves_nothing_of_onnx_runtimes_telemetry(program: str, tmp_path: Path) -> None:
    assert _files_left_by(program, tmp_path) == []


def test_without_our_setting_it_would(tmp_path: Path) -> None:
    assert _files_left_by("import onnxruntime", tmp_path)
