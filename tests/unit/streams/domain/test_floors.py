"""Vital signs set floors as DESIGN's clinical table says."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import Consciousness, PatientMessage, SentVitalSigns, VitalSigns
from streams.domain.floors import rules_as_sent, vital_sign_rules
from streams.domain.quality import check
from tests.unit.streams.factories import NOW


def rules(
    age_years: float | None = 40.0, pregnant: bool | None = None, **signs: object
) -> list[tuple[str, int]]:
    fired = vital_sign_rules(VitalSigns.model_validate(signs), age_years, pregnant)
    return [(rule.rule_id, rule.level_floor) for rule in fired]


@pytest.mark.parametrize(
    ("level", "floor"),
    [
        (Consciousness.UNRESPONSIVE, 1),
        (Consciousness.PAIN, 2),
        (Consciousness.VOICE, 2),
        (Consciousness.CONFUSION, 2),
    ],
)
@pytest.mark.parametrize(("age_years", "pregnant"), [(40.0, None), (2.0, None), (30.0, True), (None, None)])
def test_consciousness_sets_a_floor_at_every_age_and_in_pregnancy(
    level: Consciousness, floor: int, age_years: float | None, pregnant: bool | None
) -> None:
    assert (f"consciousness_{level.value}", floor) in rules(age_years, pregnant, consciousness=level)


def test_an_alert_patient_with_normal_signs_has_no_floor() -> None:
    assert rules(consciousness=Consciousness.ALERT, heart_rate_bpm=70.0) == []


def test_a_score_of_seven_is_level_two_at_least() -> None:
    assert rules(respiratory_rate_bpm=22.0, heart_rate_bpm=115.0, spo2_percent=92.0, temperature_c=38.5) == [
        ("news2_high", 2)
    ]


@pytest.mark.parametrize("heart_rate_bpm", [91.0, 115.0])
def test_a_score_of_five_or_six_is_level_three_at_least(heart_rate_bpm: float) -> None:
    assert rules(respiratory_rate_bpm=22.0, spo2_percent=93.0, heart_rate_bpm=heart_rate_bpm) == [
        ("news2_medium", 3)
    ]


def test_a_score_of_four_has_no_floor() -> None:
    assert rules(respiratory_rate_bpm=22.0, spo2_percent=93.0) == []


def test_a_single_parameter_of_three_is_level_three_at_least() -> None:
    assert rules(heart_rate_bpm=140.0) == [("news2_single_parameter", 3)]


@pytest.mark.parametrize(("age_years", "pregnant"), [(10.0, None), (30.0, True)])
def test_the_score_is_left_out_where_it_does_not_hold(age_years: float, pregnant: bool | None) -> None:
    assert rules(age_years, pregnant, heart_rate_bpm=95.0, temperature_c=39.5, spo2_percent=93.0) == []


@pytest.mark.parametrize(("age_years", "pregnant"), [(0.1, None), (5.0, None), (30.0, True), (5.0, True)])
def test_low_saturation_is_level_two_at_least_in_children_and_in_pregnancy(
    age_years: float, pregnant: bool | None
) -> None:
    assert rules(age_years, pregnant, spo2_percent=91.0) == [("danger_spo2", 2)]
    assert rules(age_years, pregnant, spo2_percent=92.0) == []


@pytest.mark.parametrize(
    ("age_years", "heart_rate_bpm", "respiratory_rate_bpm"),
    [(0.2, 180.0, 50.0), (0.25, 160.0, 40.0), (3.0, 140.0, 30.0), (8.0, 100.0, 20.0), (15.9, 100.0, 20.0)],
)
def test_a_child_beyond_the_danger_limits_of_its_age_is_level_two_at_least(
    age_years: float, heart_rate_bpm: float, respiratory_rate_bpm: float
) -> None:
    at_limit: dict[str, Any] = {
        "heart_rate_bpm": heart_rate_bpm,
        "respiratory_rate_bpm": respiratory_rate_bpm,
    }
    assert rules(age_years, **at_limit) == []
    assert rules(age_years, **{name: value + 1 for name, value in at_limit.items()}) == [
        ("danger_child_heart_rate", 2),
        ("danger_child_respiratory_rate", 2),
    ]


@pytest.mark.parametrize(
    ("field", "inside", "outside"),
    [
        ("heart_rate_bpm", (40.0, 120.0), (39.0, 121.0)),
        ("respiratory_rate_bpm", (10.0, 30.0), (9.0, 31.0)),
        ("systolic_bp_mmhg", (90.0, 160.0), (89.0, 161.0)),
    ],
)
def test_a_red_obstetric_trigger_is_level_two_at_least(
    field: str, inside: tuple[float, float], outside: tuple[float, float]
) -> None:
    assert [rules(30.0, True, **{field: value}) for value in inside] == [[], []]
    expected = (f"danger_pregnancy_{field.rsplit('_', 1)[0]}", 2)
    assert [rules(30.0, True, **{field: value}) for value in outside] == [[expected], [expected]]


def test_no_vital_signs_fire_nothing() -> None:
    assert vital_sign_rules(None, 40.0, None) == ()


@given(
    st.floats(5, 60),
    st.floats(70, 100),
    st.floats(60, 250),
    st.floats(30, 200),
    st.sampled_from(Consciousness),
)
def test_losing_consciousness_never_makes_a_case_less_urgent(
    respiratory_rate_bpm: float,
    spo2_percent: float,
    systolic: float,
    heart_rate_bpm: float,
    level: Consciousness,
) -> None:
    signs: dict[str, Any] = {
        "respiratory_rate_bpm": respiratory_rate_bpm,
        "spo2_percent": spo2_percent,
        "systolic_bp_mmhg": systolic,
        "heart_rate_bpm": heart_rate_bpm,
    }
    alert = min((floor for _, floor in rules(**signs, consciousness=Consciousness.ALERT)), default=6)
    assert min((floor for _, floor in rules(**signs, consciousness=level)), default=6) <= alert


def as_sent(
    age_years: float | None = 40.0, pregnant: bool | None = None, **signs: Any
) -> list[tuple[str, int]]:
    message = PatientMessage(
        message_id="m1",
        patient_id="p1",
        source="test",
        sent_at=NOW,
        text="unwell",
        age_years=age_years,
        pregnant=pregnant,
        vitals=SentVitalSigns.model_validate(signs),
    )
    fired = rules_as_sent(message.vitals, check(message, received_at=NOW), pregnant)
    return [(rule.rule_id, rule.level_floor) for rule in fired]


@pytest.mark.parametrize(
    ("systolic_bp_mmhg", "diastolic_bp_mmhg"), [(70.0, 120.0), (120.0, 230.0), (85.0, 85.0)]
)
def test_an_inverted_pressure_keeps_the_floor_of_its_worse_reading(
    systolic_bp_mmhg: float, diastolic_bp_mmhg: float
) -> None:
    pair: dict[str, Any] = {"systolic_bp_mmhg": systolic_bp_mmhg, "diastolic_bp_mmhg": diastolic_bp_mmhg}
    assert as_sent(**pair) == [("news2_single_parameter", 3)]


def test_an_inverted_pressure_counts_in_the_score_of_all_signs() -> None:
    signs: dict[str, Any] = {
        "systolic_bp_mmhg": 70.0,
        "diastolic_bp_mmhg": 120.0,
        "respiratory_rate_bpm": 22.0,
    }
    assert as_sent(**signs, heart_rate_bpm=115.0)[0] == ("news2_high", 2)


def test_a_rule_that_the_cleaned_signs_fire_too_is_not_repeated() -> None:
    pair: dict[str, Any] = {"systolic_bp_mmhg": 70.0, "diastolic_bp_mmhg": 120.0}
    assert as_sent(**pair, consciousness=Consciousness.UNRESPONSIVE, heart_rate_bpm=60.0) == [
        ("news2_medium", 3)
    ]


@pytest.mark.parametrize(
    "signs",
    [
        {"systolic_bp_mmhg": 120.0, "diastolic_bp_mmhg": 130.0},
        {"systolic_bp_mmhg": 70.0, "diastolic_bp_mmhg": 40.0},
        {"heart_rate_bpm": 999.0},
        {},
    ],
)
def test_signs_whose_cleaning_loses_nothing_add_no_rule(signs: dict[str, Any]) -> None:
    assert as_sent(**signs) == []


def test_an_inverted_pressure_has_no_limit_in_a_child() -> None:
    assert as_sent(10.0, None, systolic_bp_mmhg=70.0, diastolic_bp_mmhg=120.0) == []


def test_an_inverted_pressure_is_held_against_the_limits_of_pregnancy() -> None:
    assert as_sent(30.0, True, systolic_bp_mmhg=70.0, diastolic_bp_mmhg=120.0) == [
        ("danger_pregnancy_systolic_bp", 2)
    ]


@pytest.mark.parametrize("age_years", [40.0, 1.0, None])
@pytest.mark.parametrize(
    "zeros",
    [
        ("heart_rate_bpm", "respiratory_rate_bpm"),
        ("spo2_percent", "systolic_bp_mmhg"),
        ("heart_rate_bpm", "respiratory_rate_bpm", "spo2_percent", "systolic_bp_mmhg"),
    ],
)
def test_two_zeros_may_be_an_arrest_at_every_age(zeros: tuple[str, ...], age_years: float | None) -> None:
    assert as_sent(age_years, None, **dict.fromkeys(zeros, 0.0)) == [("vital_signs_zero", 2)]


@pytest.mark.parametrize(
    "zeros", [("heart_rate_bpm",), ("spo2_percent",), ("systolic_bp_mmhg", "diastolic_bp_mmhg", "pain_score")]
)
def test_one_zero_may_be_a_filler(zeros: tuple[str, ...]) -> None:
    assert as_sent(40.0, None, **dict.fromkeys(zeros, 0.0)) == []
