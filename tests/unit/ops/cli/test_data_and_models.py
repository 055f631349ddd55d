"""`triage data` and `triage models`, as they are typed."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ops.cli.main import app

CSV = "text,dx\n" + "".join(
    f"chest tight on floor {number},CHD\nthirsty since day {number},diabetes\n" for number in range(30)
)


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ward.csv"
    path.write_text(CSV)
    return path


def imported(file: Path, out: Path, *more: str) -> Result:
    named = ("--source", "ward", "--provenance", "test", "--licence", "none")
    return run("data", "import", "csv", str(file), "--out", str(out), *named, *more)


def test_a_csv_becomes_a_dataset_that_can_be_shown(file: Path, tmp_path: Path) -> None:
    made = imported(file, tmp_path / "d", "--column", "diagnosis=dx", "--label", "heart_disease=CHD")
    assert made.exit_code == 0, made.output
    manifest = json.loads(run("data", "show", str(tmp_path / "d"), "--json").stdout)
    assert manifest["rows"] == 60
    assert manifest["origins"][0]["licence"] == "none"


def test_an_unknown_label_ends_with_its_row_and_leaves_nothing(file: Path, tmp_path: Path) -> None:
    made = imported(file, tmp_path / "d", "--column", "diagnosis=dx")
    assert made.exit_code == 1
    assert "row 2, column dx: unknown label" in made.output
    assert not (tmp_path / "d").exists()


def test_the_check_ends_with_1_where_words_give_a_label_away(file: Path, tmp_path: Path) -> None:
    imported(file, tmp_path / "d", "--column", "diagnosis=dx", "--label", "heart_disease=CHD")
    checked = run("data", "check", str(tmp_path / "d"))
    assert checked.exit_code == 1
    assert "'chest' stands in 100% of heart_disease" in checked.output


def test_models_are_listed_shown_and_compared(tmp_path: Path) -> None:
    runs = ("--runs", str(tmp_path))
    (listed,) = json.loads(run("models", "list", *runs, "--json").stdout)
    assert listed["name"] == "triage_bert/1"
    assert run("models", "show", "triage_bert/1", *runs).exit_code == 0
    same = json.loads(run("models", "compare", "triage_bert/1", "triage_bert/1", *runs, "--json").stdout)
    assert same
    assert {item["gap"] for item in same} == {0.0}
    assert run("models", "show", "nobody", *runs).exit_code == 1
