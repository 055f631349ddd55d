from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from schemas import Consciousness, RedFlag, RuleFired, VitalSigns
from streams.domain.floors import vital_sign_rules
from tests.unit.trainer.tiny import row
from trainer.evaluation import PARTS, QUICK, Evidence, JudgedVersion
from trainer.evaluation.policy import ANY_FLOOR, FLOORS, Decided, floor_lines, floor_of, policy, who_finds
from trainer.metrics import Figure

ROOT = Path(__file__).parents[4]
VERSION = ROOT / "model_repo" / "triage_bert" / "1"
FLAG = RedFlag(rule_id="stroke", level_floor=2, guideline="-", start=0, end=1)
MILD_FLAG = RedFlag(rule_id="chest_pain", level_floor=3, guideline="-", start=0, end=1)
HIGH = RuleFired(rule_id="news2_high", level_floor=2, guideline="-")
SINGLE = RuleFired(rule_id="news2_single_parameter", level_floor=3, guideline="-")


def levels(*from_1_to_5: int) -> NDArray[np.int64]:
    return np.array(from_1_to_5, dtype=np.int64) - 1


def six_visits() -> Decided:
    """Three urgent, of which the model finds one and a rule another; three others, of which each flags one."""
    published = levels(2, 4, 4, 2, 4, 5)
    return Decided(
        "ward",
        "all",
        truth=levels(1, 2, 2, 3, 4, 5),
        clusters=np.arange(6),
        rules=((FLAG,), (FLAG, SINGLE), (MILD_FLAG,), (), (HIGH, SINGLE), ()),
        probable=levels(3, 4, 4, 3, 4, 5),
        by_threshold={0.14: published, 1.0: levels(3, 4, 4, 3, 4, 5)},
        served=0.14,
    )


def values(line: tuple[object, ...]) -> list[float]:
    return [round(cell.value, 3) for cell in line if isinstance(cell, Figure)]


def test_rules_model_and_both_are_told_apart() -> None:
    found = {line[2]: values(line) for line in who_finds(six_visits())}
    # found of levels 1-2, flagged of 3-5, too mild by two levels or more, too urgent
    assert found == {
        "rules alone": [0.667, 0.333, 0.167, 0.167],
        "model alone, most probable": [0.0, 0.0, 0.5, 0.0],
        "model alone, as published": [0.333, 0.333, 0.333, 0.167],
        "both, as served": [0.667, 0.667, 0.0, 0.333],
    }
    assert all(line[3:5] == (6, 3) for line in who_finds(six_visits()))


def test_copies_in_one_cluster_widen_the_interval() -> None:
    def width(clusters: NDArray[np.int64]) -> float:
        truth = levels(*[2, 2, 4, 4] * 10)
        answer = levels(*[2, 4, 4, 2] * 10)
        part = Decided("ward", "all", truth, clusters, [()] * 40, answer, {0.14: answer}, 0.14)
        [figure] = [line[5] for line in who_finds(part) if line[2] == "model alone, as published"]
        assert isinstance(figure, Figure)
        return figure.high - figure.low

    assert width(np.arange(40) % 4) > 2 * width(np.arange(40))


def test_a_floor_is_counted_by_what_it_adds_to_the_model() -> None:
    lines = {line[2]: line[3:] for line in floor_lines(six_visits())}
    assert set(lines) == {*FLOORS, ANY_FLOOR}
    # sets, fires on, of 1-2, more urgent, missed by the model, found, not flagged by it, flagged
    assert lines["red flag in the text, level 1-2"] == ("2", 2, 2, 1, 2, 1, 2, 0)
    assert lines["red flag in the text, level 3"] == ("3", 1, 1, 1, 2, 0, 2, 0)
    assert lines["NEWS2 of 7 or more"] == ("2", 1, 0, 1, 2, 0, 2, 1)
    assert lines["a NEWS2 parameter of 3"] == ("3", 2, 1, 2, 2, 0, 2, 0)
    assert lines["consciousness"] == ("", 0, 0, 0, 2, 0, 2, 0)
    assert lines[ANY_FLOOR] == ("2, 3", 4, 3, 3, 2, 1, 2, 1)


@pytest.mark.parametrize(
    ("signs", "age_years", "pregnant", "floors"),
    [
        ({"consciousness": Consciousness.PAIN}, 40.0, None, {"consciousness", "a NEWS2 parameter of 3"}),
        (
            {"heart_rate_bpm": 135.0, "respiratory_rate_bpm": 26.0, "spo2_percent": 90.0},
            40.0,
            None,
            {"NEWS2 of 7 or more", "a NEWS2 parameter of 3"},
        ),
        (
            {"heart_rate_bpm": 112.0, "respiratory_rate_bpm": 22.0, "spo2_percent": 95.0},
            40.0,
            None,
            {"NEWS2 of 5 or 6"},
        ),
        ({"heart_rate_bpm": 200.0}, 2.0, None, {FLOORS[-1]}),
        ({"systolic_bp_mmhg": 170.0}, 30.0, True, {FLOORS[-1]}),
    ],
)
def test_each_rule_of_the_vital_signs_has_its_floor(
    signs: dict[str, float | Consciousness], age_years: float, pregnant: bool | None, floors: set[str]
) -> None:
    rules = vital_sign_rules(VitalSigns.model_validate(signs), age_years, pregnant)
    assert {floor_of(rule) for rule in rules} == floors


def test_the_part_judges_by_the_served_threshold_and_by_others() -> None:
    version = JudgedVersion(VERSION, workers=1)
    visits = (
        row("stab wound to the chest", source="ward", urgency_level=1),
        row("sore toe", source="ward", urgency_level=4, heart_rate_bpm=140, respiratory_rate_bpm=30),
        row("a rash", source="ward", urgency_level=5),
    )
    written = (row("Sore  toe", source="visits", urgency_level=5),)
    evidence = Evidence(written, (), {"ward": visits, "no levels": (row("thirsty", source="ward"),)})
    [section] = PARTS["policy"](version, evidence, QUICK)
    assert section.n == 3
    who, *curves, each = section.tables
    assert [line[1] for line in who.rows[::4]] == ["unseen", "seen", "all"]
    assert [curve.title for curve in curves][-1] == "Trade-off, ward, words: all"
    steps = curves[-1].rows
    [served] = [line for line in steps if str(line[0]).endswith(", served")]
    assert served[0] == f"{version.profile.thresholds.urgency_plausible_from:.2f}, served"
    assert len(steps) > 10
    both = next(line for line in who.rows[8:] if line[2] == "both, as served")
    assert served[3:] == both[5:7]
    flagged = [cell.value for cell in (line[2] for line in steps) if isinstance(cell, Figure)]
    assert flagged == sorted(flagged, reverse=True)
    # The sore toe with a NEWS2 of 6 (3 for the heart, 3 for the breath) fires level-3 floors alone.
    toe = {line[2]: line[4] for line in each.rows if line[1] == "seen"}
    assert (toe["NEWS2 of 5 or 6"], toe["a NEWS2 parameter of 3"], toe["NEWS2 of 7 or more"]) == (1, 1, 0)
    assert any("not fitted here" in note for note in section.notes)
    assert any("KTAS test set in sight" in note for note in section.notes)


def test_without_levels_the_section_says_so() -> None:
    version = JudgedVersion(VERSION, workers=1)
    [section] = policy(version, Evidence((), (), {"ward": (row("thirsty", source="ward"),)}), QUICK)
    assert "no test set has levels" in section.method
    assert section.tables == ()


def test_the_reference_names_every_part_of_an_evaluation() -> None:
    reference = (ROOT / "docs" / "reference" / "evaluation.md").read_text(encoding="utf-8")
    assert [part for part in PARTS if f"\n| `{part}` |" not in reference] == []
