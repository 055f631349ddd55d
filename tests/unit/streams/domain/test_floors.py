"""Vital signs set floors as DESIGN's clinical table says."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import Consciousness, VitalSigns
from streams.domain.floors import vital_sign_rules


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
    assert rules(age_years, pregnant, heart_rate_bpm=140.0) == []


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
