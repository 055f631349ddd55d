"""`triage data` and `triage models`, as they are typed."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from ops.cli import models_roles, models_watch
from ops.cli.main import app
from schemas import LifecycleStep, ModelLifecycle, Producer
from streams.domain.live_model import Step, UnreadableChange

MODEL_REPO = Path(__file__).parents[4] / "model_repo"

CSV = "text,dx\n" + "".join(
    f"chest tight on floor {number},CHD\nthirsty since day {number},diabetes\n" for number in range(30)
)


@pytest.fixture(autouse=True)
def no_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAGE_DATA_DIR", str(tmp_path / "no-stack"))
    monkeypatch.delenv("TRIAGE_KAFKA_BOOTSTRAP", raising=False)


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
    assert (listed["name"], listed["status"], listed["state"]) == ("triage_bert/1", "served", None)
    for name in ("triage_bert/1", "1"):
        assert run("models", "show", name, *runs).exit_code == 0
    same = json.loads(run("models", "compare", "triage_bert/1", "triage_bert/1", *runs, "--json").stdout)
    assert same
    assert {item["gap"] for item in same} == {0.0}
    assert run("models", "show", "nobody", *runs).exit_code == 1


def _step(kind: LifecycleStep, version: str, **fields: Any) -> ModelLifecycle:
    return ModelLifecycle(
        event_id=uuid4(),
        model_name="triage_bert",
        step=kind,
        version=version,
        content_sha256="a" * 64,
        by="c-test",
        reason="test",
        occurred_at=datetime.now(UTC),
        produced_by=Producer(service="test", version="0"),
        **fields,
    )


def _recorded(monkeypatch: pytest.MonkeyPatch, repository: Path, *steps: Step) -> None:
    """Let the list ask a record that holds `steps`, without brokers."""
    settings = SimpleNamespace(model_repository=repository, model_name="triage_bert", model_version="1")
    told = [(datetime.now(UTC), step) for step in steps]
    record = SimpleNamespace(told=lambda: told, close=lambda: None)
    monkeypatch.setattr(models_roles, "reachable", lambda _: settings)
    monkeypatch.setattr(models_roles, "librdkafka_config", lambda _: {})
    monkeypatch.setattr(models_roles, "ModelLog", lambda *_: record)


def _states(listed: Result) -> dict[str, str]:
    rows = [line.split() for line in listed.stdout.splitlines() if line.strip().startswith("triage_bert/")]
    return {row[0]: row[1] for row in rows}


def test_the_list_says_which_version_decides_and_which_one_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in "12":
        shutil.copytree(MODEL_REPO / "triage_bert/1", tmp_path / "models/triage_bert" / number)
        card = tmp_path / "models/triage_bert" / number / "model_card.json"
        card.write_text(json.dumps(json.loads(card.read_text()) | {"version": number}))
    repository = tmp_path / "models"
    listing = ("models", "list", "--runs", str(tmp_path / "runs"), "--model-repo", str(repository))
    told = run(*listing)
    assert "no stack is running" in told.stderr
    assert _states(told) == {"triage_bert/1": "served", "triage_bert/2": "served"}

    live = _step(LifecycleStep.PROMOTED, "2", change=1, previous_version="1")
    _recorded(monkeypatch, repository, live)
    told = run(*listing)
    assert told.stderr == ""
    assert _states(told) == {"triage_bert/1": "previous", "triage_bert/2": "live"}
    assert [one["state"] for one in json.loads(run(*listing, "--json").stdout)] == ["previous", "live"]

    _recorded(monkeypatch, repository, live, UnreadableChange(2))
    told = run(*listing)
    assert "newer release" in told.stderr
    assert "live" not in told.stdout
    _recorded(monkeypatch, tmp_path / "another", live)
    assert "another" in run(*listing).stderr.replace("\n", "")


def test_a_narrow_terminal_lists_names_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    number = "20261120153000123456"
    shutil.copytree(MODEL_REPO / "triage_bert/1", tmp_path / "models/triage_bert" / number)
    card = tmp_path / "models/triage_bert" / number / "model_card.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"version": number}))
    repository = ("--model-repo", str(tmp_path / "models"), "--runs", str(tmp_path / "runs"))
    assert f"triage_bert/{number} " in run("models", "list", *repository).stdout
    assert "sensitivity_1_2 " in run("models", "compare", number, number, *repository).stdout


def test_a_shadow_says_what_it_waits_for() -> None:
    told = models_watch._awaited(0.1, 5, 3600.0)
    assert "until 5 messages are compared: 10% of those decided from now on, some 50 new live ones" in told
    assert "Ends after 3600 s" in told
    assert "live ones" not in models_watch._awaited(0.0, 5, 3600.0)


def test_a_model_that_was_judged_on_nothing_has_its_reason(tmp_path: Path) -> None:
    rows = {"train": {"wards": 3}, "calibration": {}, "test": {}, "trained before": {"wards": 900}}
    shutil.copytree(MODEL_REPO / "triage_bert/1", tmp_path / "m/triage_bert/2")
    card = tmp_path / "m/triage_bert/2/model_card.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"version": "2", "rows": rows, "results": []}))
    shutil.copytree(MODEL_REPO / "triage_bert/1", tmp_path / "m/triage_bert/1")
    told = run("models", "compare", "1", "2", "--model-repo", str(tmp_path / "m"), "--runs", str(tmp_path))
    assert told.exit_code == 0
    assert told.stdout.splitlines() == [
        "no test set that both were judged on",
        "triage_bert/2: 3 labels: too few to hold any out",
    ]
