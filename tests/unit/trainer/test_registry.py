"""Runs and served versions stand in one list, and any two compare."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.unit.trainer.test_runs import RECORD
from trainer.registry import NotRegistered, compare, entries, find
from trainer.runs import Interval, RunFolder, Score

MODEL_REPO = Path(__file__).parents[3] / "model_repo"


def score(value: float, low: float | None, high: float | None, n: int = 4, system: str = "int8") -> Score:
    figures = {"macro_f1": Interval(value=value, low=low, high=high)}
    return Score(test_set="ward", task="diagnosis", system=system, n=n, figures=figures)


def write_run(runs: Path, name: str, *scores: Score, **changes: Any) -> None:
    RunFolder(runs / name).write(RECORD.model_copy(update={"name": name, "after": scores, **changes}))


def test_runs_and_versions_are_listed_together(tmp_path: Path) -> None:
    write_run(tmp_path, "one", score(0.5, 0.4, 0.6))
    listed = {entry.name: entry for entry in entries(tmp_path, MODEL_REPO)}
    assert set(listed) == {"triage_bert/1", "one"}
    assert listed["one"].data_sha256 == RECORD.data.sha256
    assert listed["triage_bert/1"].scores


@pytest.mark.parametrize(
    ("recipe", "method"), [({"method": {"kind": "lora"}}, "lora"), ({"stages": []}, "full")]
)
def test_a_version_tells_what_its_card_knows_of_its_making(
    tmp_path: Path, recipe: dict[str, Any], method: str
) -> None:
    card = json.loads((MODEL_REPO / "triage_bert/1/model_card.json").read_text())
    code = {"version": "1.2", "commit": "abc", "changed": False}
    folder = tmp_path / "triage_bert/2"
    folder.mkdir(parents=True)
    told = {**card, "version": "2", "recipe": recipe, "data_sha256": "d1", "code": code}
    (folder / "model_card.json").write_text(json.dumps(told))
    entry = find("2", tmp_path / "runs", tmp_path)
    assert (entry.method, entry.data_sha256, entry.code) == (method, "d1", "abc")
    (folder / "model_card.json").write_text(json.dumps({**told, "data_sha256": None, "code": None}))
    untold = find("2", tmp_path / "runs", tmp_path)
    assert (untold.data_sha256, untold.code) == (None, None)


def test_only_figures_of_the_served_graph_count(tmp_path: Path) -> None:
    write_run(tmp_path, "one", score(0.9, None, None, system="float32"), score(0.5, None, None))
    assert [s.figures["macro_f1"].value for s in find("one", tmp_path, MODEL_REPO).scores] == [0.5]


@pytest.mark.parametrize(
    ("second", "overlap"),
    [
        (score(0.62, 0.55, 0.7), True),
        (score(0.8, 0.7, 0.9), False),
        (score(0.8, None, None), None),
        (score(0.8, 0.7, 0.9, n=5), None),
    ],
    ids=["overlap", "apart", "no interval", "other rows"],
)
def test_a_gap_is_told_with_what_its_intervals_say(
    tmp_path: Path, second: Score, overlap: bool | None
) -> None:
    write_run(tmp_path, "one", score(0.5, 0.4, 0.6))
    write_run(tmp_path, "two", second)
    (difference,) = compare(*(find(name, tmp_path, MODEL_REPO) for name in ("one", "two")))
    assert difference.gap == pytest.approx(second.figures["macro_f1"].value - 0.5)
    assert difference.overlap is overlap


def test_models_without_a_common_test_set_have_nothing_to_compare(tmp_path: Path) -> None:
    write_run(tmp_path, "one", score(0.5, 0.4, 0.6))
    assert compare(find("one", tmp_path, MODEL_REPO), find("triage_bert/1", tmp_path, MODEL_REPO)) == []


def test_a_version_is_found_by_its_number_and_a_retired_one_too(tmp_path: Path) -> None:
    shutil.copytree(MODEL_REPO / "triage_bert/1", tmp_path / ".retired/triage_bert/1")
    assert find("1", tmp_path / "runs", MODEL_REPO).name == "triage_bert/1"
    assert find("1", tmp_path / "runs", tmp_path).status == "retired"
    write_run(tmp_path / "runs", "1")
    assert find("1", tmp_path / "runs", MODEL_REPO).kind == "run"


def test_an_unknown_name_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(NotRegistered, match="triage_bert/1"):
        find("nobody", tmp_path, MODEL_REPO)


@pytest.mark.parametrize("content", ["{", json.dumps({"name": "broken"})])
def test_a_broken_run_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "run.json").write_text(content)
    with pytest.raises(NotRegistered, match="broken"):
        entries(tmp_path, MODEL_REPO)


def test_a_broken_card_is_named(tmp_path: Path) -> None:
    (tmp_path / "m" / "1").mkdir(parents=True)
    (tmp_path / "m" / "1" / "model_card.json").write_text("{}")
    with pytest.raises(NotRegistered, match="model_card"):
        entries(tmp_path / "runs", tmp_path)
