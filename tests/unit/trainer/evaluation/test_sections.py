"""The sections on few written messages: what they show, and that it can fail."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest

from streams.ports import ModelAnswer
from streams.text import EncodedWindow
from tests.unit.trainer.tiny import row
from trainer import evaluation
from trainer.data import corpus
from trainer.data.dataset import make_dataset, write_dataset
from trainer.data.errors import BadData, NothingToLearn
from trainer.data.rows import Row
from trainer.data.splits import Shares
from trainer.evaluation.bias import bias, swap_sex_words
from trainer.evaluation.calibration import Dirichlet, Isotonic, area_under_risk_coverage, calibration
from trainer.evaluation.edits import INVARIANT, LESS_URGENT, MORE_URGENT
from trainer.evaluation.foreign import out_of_domain
from trainer.evaluation.imported import imported, without_trained
from trainer.evaluation.robustness import robustness
from trainer.evaluation.sections import left_out
from trainer.evaluation.subgroups import difference

VERSION = Path(__file__).parents[4] / "model_repo" / "triage_bert" / "1"
SMALL = evaluation.Budget(
    name="quick",
    rows_per_test_set=30,
    training_rows=60,
    foreign_texts=5,
    varied_rows=12,
    explained_rows=2,
    shapley_orders=2,
    attacked_rows=2,
    attack_queries=20,
)


@pytest.fixture(scope="module")
def version() -> evaluation.JudgedVersion:
    return evaluation.JudgedVersion(VERSION, workers=1)


@pytest.fixture(scope="module")
def evidence() -> evaluation.Evidence:
    rows = corpus.load(100, 99)
    return evaluation.Evidence((), tuple(rows[:70]), {"new messages": tuple(rows[70:])})


def test_calibrators_repair_overconfidence() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(3, size=600)
    said = np.where(rng.random(600) < 0.6, truth, rng.integers(3, size=600))
    p = np.full((600, 3), 0.005)
    p[np.arange(600), said] = 0.99
    weights = np.ones(600)
    for calibrator in (Dirichlet(p, truth, weights), Isotonic(p, truth, weights)):
        repaired = calibrator(p)
        assert repaired.sum(axis=1) == pytest.approx(1.0)
        assert repaired.max(axis=1).mean() == pytest.approx((said == truth).mean(), abs=0.03)


def test_risk_and_coverage_is_best_where_only_the_least_certain_are_wrong() -> None:
    confidence = np.array([0.9, 0.8, 0.7, 0.6])
    assert area_under_risk_coverage(confidence, np.array([True, True, True, False])) == pytest.approx(1 / 16)
    assert area_under_risk_coverage(confidence, np.array([False, True, True, True])) > 0.5


def test_calibration_and_foreign_text(
    version: evaluation.JudgedVersion, evidence: evaluation.Evidence
) -> None:
    sections = calibration(version, evidence, SMALL)
    assert [section.n for section in sections] == [30, 30]
    ways = [line[1] for line in sections[0].tables[0].rows]
    assert ways == ["none", "temperature (served)", "Dirichlet", "isotonic"]
    (section,) = out_of_domain(version, evidence, SMALL)
    assert "Left out: no foreign text" in section.method


def test_an_edit_leaves_the_meaning_and_changes_the_text() -> None:
    text = "I have had chest pain since this morning, it is worse on the stairs."
    for kind, edit in {**INVARIANT, **MORE_URGENT, **LESS_URGENT}.items():
        assert edit(text, Random(1)) != text, kind
    assert LESS_URGENT["short complaint denied"]("Chest pain", Random(1)) == "No chest pain"
    assert INVARIANT["last quarter cut off"]("too short", Random(1)) is None


def test_words_of_a_sex_change_and_others_stay() -> None:
    assert (
        swap_sex_words("My husband says HE fell; her mother, too.")
        == "My wife says SHE fell; his father, too."
    )
    assert swap_sex_words("The manager has a human shell.") == "The manager has a human shell."


def test_robustness_and_bias_count_what_changed(
    version: evaluation.JudgedVersion, evidence: evaluation.Evidence
) -> None:
    (section,) = robustness(version, evidence, SMALL)
    kept = {line[0]: line[1] for line in section.tables[0].rows}
    assert kept["irrelevant sentence before"] == 12
    assert len(section.tables[1].rows) >= 2
    people, groups = bias(version, evidence, SMALL)
    titles = {table.title: table for table in people.tables}
    as_served = {line[0]: line for line in titles["The answer should stay: as served"].rows}
    assert all(str(cell).startswith("0.000") for cell in as_served["named Fatima Hassan"][2:5])
    ways = {line[0]: str(line[2]) for line in titles["Ways of naming"].rows}
    assert ways["I am .... (text)"].startswith("1.000")
    assert ways["...: (text)"].startswith("0.000")
    assert {"sex, in words", "named Fatima Hassan"} <= {line[0] for line in people.tables[0].rows}
    assert groups.tables[1].rows


def test_an_answer_is_computed_once(
    version: evaluation.JudgedVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    compute = version.graph.ask_windows

    def counted(windows: Sequence[EncodedWindow], *, title: str | None) -> list[ModelAnswer]:
        asked.append(len(windows))
        return compute(windows, title=title)

    monkeypatch.setattr(version.graph, "ask_windows", counted)
    rows = [row("never asked before"), row("never asked before"), row("nor this", heart_rate_bpm=90)]
    first, again = version.read(rows), version.read([*rows, row("nor this", heart_rate_bpm=130)])
    assert asked == [2, 1]
    assert np.array_equal(first.urgency, again.urgency[:3])
    assert not np.array_equal(again.urgency[2], again.urgency[3])


def test_foreign_text_is_flagged_at_thresholds_of_calibration_rows(
    version: evaluation.JudgedVersion, evidence: evaluation.Evidence, tmp_path: Path
) -> None:
    (tmp_path / "hl7v2_samples").mkdir()
    for number in range(5):
        (tmp_path / "hl7v2_samples" / f"{number}.hl7").write_text(f"MSH|^~\\&|A|B|{number}|ADT^A01|P|2.5" * 9)
    (section,) = out_of_domain(version, replace(evidence, development=tmp_path), SMALL)
    table = section.tables[2]
    assert table.columns[2:4] == ("distance (served), 1%", "distance (served), 5%")
    own, foreign = table.rows
    assert (own[0], foreign[0]) == ("test rows", "hl7v2_samples, raw HL7")
    energy = table.columns.index("energy, 5%")
    assert float(str(foreign[energy])[:5]) > float(str(own[energy])[:5])


def test_a_difference_has_a_sign_and_needs_groups_that_are_large_enough() -> None:
    member = np.array(["a"] * 40 + ["b"] * 40 + ["c"] * 3)
    hit, every, clusters = np.arange(83) < 50, np.ones(83, dtype=bool), np.arange(83)
    there, back = (difference(hit, every, member, clusters, *pair) for pair in (("a", "b"), ("b", "a")))
    assert there is not None
    assert back is not None
    assert there.value == pytest.approx(0.75)
    assert back.value == pytest.approx(-0.75)
    assert there.low > 0.5
    assert back.high < -0.5
    assert difference(hit, every, member, clusters, "a", "c") is None


def test_the_interval_of_a_difference_that_is_none_holds_it() -> None:
    rng = np.random.default_rng(1)
    member, hit = np.array(["a", "b"] * 60), rng.random(120) < 0.7
    figure = difference(hit, np.ones(120, dtype=bool), member, np.arange(120), "a", "b")
    assert figure is not None
    assert figure.low < min(0.0, figure.value)
    assert figure.high > max(0.0, figure.value)


def _rows(name: str) -> list[Row]:
    return [row(f"{name} complaint number {number}", source="ward", urgency_level=3) for number in range(8)]


def test_rows_that_the_version_trained_on_are_left_out() -> None:
    known = row("Chest  pain", heart_rate_bpm=90)
    test = [row("chest pain", heart_rate_bpm=90), row("chest pain", heart_rate_bpm=120), row("cough")]
    kept, same_text = without_trained(test, [known])
    assert [kept_row.text for kept_row in kept] == ["chest pain", "cough"]
    assert same_text == 1


def test_a_dataset_is_judged_by_its_test_split(version: evaluation.JudgedVersion, tmp_path: Path) -> None:
    rows = _rows("knee") + _rows("ear")
    ours = make_dataset(rows, [], held_out=("ward",), seed=1)
    theirs = make_dataset(rows[:3] + _rows("back"), [], seed=1)
    write_dataset(ours, tmp_path / "ours")
    write_dataset(theirs, tmp_path / "theirs")
    told = imported(version, tmp_path / "ours", trained_on=tmp_path / "theirs", development=tmp_path / "none")
    trained = {r.text for r in theirs.splits.train}
    assert {r.text for r in told.test_sets["ward, test split"]} == {r.text for r in rows} - trained
    assert "were left out" in told.warnings[0]
    with pytest.raises(BadData, match="has no"):
        imported(version, tmp_path, trained_on=None, development=tmp_path)
    same = make_dataset(rows, [], shares=Shares(calibration=0, test=0), seed=1)
    write_dataset(same, tmp_path / "same")
    with pytest.raises(NothingToLearn, match="no test row is left"):
        imported(version, tmp_path / "ours", trained_on=tmp_path / "same", development=tmp_path)


def test_a_report_replaces_the_one_in_a_document(version: evaluation.JudgedVersion, tmp_path: Path) -> None:
    path = tmp_path / "document.md"
    path.write_text("# Title\n<!-- triage evaluate writes from here -->\nold\n<!-- to here -->\nend\n")
    for _ in range(2):
        evaluation.write_into(path, version, SMALL, ("Few rows.",), [left_out("key", "Part", "no rows")])
    text = path.read_text()
    assert text.startswith("# Title\n")
    assert text.endswith("<!-- to here -->\nend\n")
    assert text.count("### Part\n\nLeft out: no rows.") == 1
    assert "old" not in text
    path.write_text("# Title")
    with pytest.raises(evaluation.NoPlace):
        evaluation.write_into(path, version, SMALL, (), [])
