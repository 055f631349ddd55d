"""A checkout that has been worked in: git sees the code alone, and `make clean` says what it leaves."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RELEASED = "model_repo/triage_bert/2/bundle.json"


@pytest.mark.parametrize(
    "left",
    [
        RELEASED,
        "model_repo/triage_bert/10/model.onnx",
        "model_repo/.triage_bert.lock",
        "model_repo/.staging/tmp1/triage_bert/2/bundle.json",
        "model_repo/.retired/triage_bert/2/bundle.json",
        "rounds/.watch.lock",
    ],
)
def test_what_a_release_leaves_is_no_change_of_the_checkout(left: str) -> None:
    assert _ignored(left)


@pytest.mark.parametrize(
    "ours", ["triage_bert/1/model.onnx", "triage_bert/1/new.json", "triage_bert/config.pbtxt"]
)
def test_version_1_and_the_configuration_are_the_checkouts_own(ours: str) -> None:
    assert not _ignored(f"model_repo/{ours}")


def test_clean_keeps_what_is_nowhere_else_and_says_so(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    built, kept = (
        [".venv/x", ".triage/x"],
        [RELEASED, "model_repo/.retired/x", "runs/x", "rounds/x", ".env/x"],
    )
    for name in [*built, *kept, "model_repo/triage_bert/1/x"]:
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    said = _clean(tmp_path)
    assert [name for name in [*built, *kept] if (tmp_path / name).exists()] == kept
    named = said.partition("what nothing needs: ")[2].split()
    assert named == [".env", "runs", "rounds", "model_repo/triage_bert/2", "model_repo/.retired"]


def test_clean_of_a_checkout_with_nothing_to_keep_says_nothing_of_it(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "model_repo/triage_bert/1").mkdir(parents=True)
    assert "Kept" not in _clean(tmp_path)


def _ignored(path: str) -> bool:
    return (
        subprocess.run(["git", "check-ignore", "-q", "--no-index", path], cwd=ROOT, check=False).returncode
        == 0
    )


def _clean(folder: Path) -> str:
    command = ["make", "--no-print-directory", "clean"]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout
