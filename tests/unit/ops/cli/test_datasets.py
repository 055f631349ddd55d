"""Datasets are merged and checked, and a mistake ends with one line and no traceback."""

import inspect
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ops.cli.evaluate import evaluate
from ops.cli.main import app

LABELS = ("normal", "hypertension", "diabetes", "heart_disease", "cancer")
ORIGIN = ("--provenance", "written here", "--licence", "none")


def data(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["data", *map(str, arguments)])
    return result.exit_code, " ".join(result.output.split())


def written(folder: Path, name: str, rows: int = 60) -> Path:
    path = folder / f"{name}.csv"
    first = 1000 * len(name)  # by no word is a source told
    lines = [
        f"story {first + n} about {first + n * 7} things,{LABELS[n % 5]},{1 + n % 4}" for n in range(rows)
    ]
    path.write_text("\n".join(["text,diagnosis,urgency_level", *lines]))
    return path


def imported(folder: Path, name: str) -> Path:
    out = folder / name
    code, output = data("import", "csv", written(folder, name), "--source", name, *ORIGIN, "--out", out)
    assert code == 0, output
    return out


def test_files_become_one_dataset_with_a_source_held_out(tmp_path: Path) -> None:
    first, second, both = imported(tmp_path, "ours"), imported(tmp_path, "theirs"), tmp_path / "both"
    code, output = data("merge", first, second, "--hold-out", "theirs", "--out", both)
    assert (code, "120 rows" in output) == (0, True)
    code, output = data("show", both, "--json")
    manifest = json.loads(output)
    assert list(manifest["counts"]["theirs"]) == ["test"]
    assert [origin["source"] for origin in manifest["origins"]] == ["ours", "theirs"]
    code, output = data("check", both, "--json")
    assert (code, json.loads(output)["failures"]) == (0, [])


def test_a_mistake_ends_with_a_line_and_writes_nothing(tmp_path: Path) -> None:
    other = written(tmp_path, "ours")
    code, output = data("import", "ktas", tmp_path, "--out", tmp_path / "out")
    assert (code, "data.csv is not there" in output) == (1, True)
    code, output = data("import", "fhir", other, "--source", "x", *ORIGIN, "--out", tmp_path / "out")
    assert (code, "holds no .json" in output) == (1, True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["show", "check"])
def test_a_folder_that_is_no_dataset_is_named(tmp_path: Path, command: str) -> None:
    code, output = data(command, tmp_path)
    assert (code, "has no dataset.json" in output) == (1, True)


def test_the_version_that_is_judged_by_default_is_this_checkouts_wherever_the_command_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    default = inspect.signature(evaluate).parameters["model"].default
    assert (default / "bundle.json").is_file()
