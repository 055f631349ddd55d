"""NEWS2 against the chart of the Royal College of Physicians (2017)."""

from typing import Any

import pytest

from schemas import Consciousness, News2, VitalSigns
from streams.domain.news2 import news2

NORMAL: dict[str, Any] = {
    "respiratory_rate_bpm": 16.0,
    "spo2_percent": 98.0,
    "supplemental_oxygen": False,
    "systolic_bp_mmhg": 120.0,
    "heart_rate_bpm": 70.0,
    "consciousness": Consciousness.ALERT,
    "temperature_c": 37.0,
}

EDGES: list[tuple[str, list[tuple[Any, int]]]] = [
    (
        "respiratory_rate_bpm",
        [(8, 3), (9, 1), (11, 1), (12, 0), (20, 0), (21, 2), (24, 2), (25, 3), (8.5, 3), (24.5, 3)],
    ),
    ("spo2_percent", [(91, 3), (92, 2), (93, 2), (94, 1), (95, 1), (96, 0), (100, 0), (91.5, 3), (95.4, 1)]),
    (
        "systolic_bp_mmhg",
        [(90, 3), (91, 2), (100, 2), (101, 1), (110, 1), (111, 0), (219, 0), (220, 3), (219.5, 3)],
    ),
    (
        "heart_rate_bpm",
        [
            (40, 3),
            (41, 1),
            (50, 1),
            (51, 0),
            (90, 0),
            (91, 1),
            (110, 1),
            (111, 2),
            (130, 2),
            (131, 3),
            (130.5, 3),
        ],
    ),
    (
        "temperature_c",
        [(35.0, 3), (35.1, 1), (36.0, 1), (36.1, 0), (38.0, 0), (38.1, 1), (39.0, 1), (39.1, 2), (38.05, 1)],
    ),
    ("supplemental_oxygen", [(True, 2), (False, 0)]),
    ("consciousness", [(level, 0 if level is Consciousness.ALERT else 3) for level in Consciousness]),
]


def score(age_years: float | None = 40.0, pregnant: bool | None = None, **signs: Any) -> News2 | None:
    return news2(VitalSigns.model_validate(signs), age_years, pregnant)


@pytest.mark.parametrize(
    ("name", "value", "points"), [(name, *edge) for name, edges in EDGES for edge in edges]
)
def test_every_band_edge_scores_as_on_the_chart(name: str, value: Any, points: int) -> None:
    assert score(**NORMAL | {name: value}) == News2(
        score=points, highest_parameter=points, partial=False, age_unknown=False
    )


def test_a_worked_example_adds_up() -> None:
    signs = NORMAL | {"respiratory_rate_bpm": 26.0, "spo2_percent": 93.0, "supplemental_oxygen": True}
    signs |= {"systolic_bp_mmhg": 98.0, "heart_rate_bpm": 118.0, "temperature_c": 38.6}
    assert score(**signs) == News2(score=12, highest_parameter=3, partial=False, age_unknown=False)


def test_a_missing_parameter_makes_the_score_a_lower_bound() -> None:
    assert score(heart_rate_bpm=135.0) == News2(score=3, highest_parameter=3, partial=True, age_unknown=False)


@pytest.mark.parametrize("signs", [{}, {"pain_score": 8.0}, {"diastolic_bp_mmhg": 80.0}])
def test_nothing_measured_is_no_score(signs: dict[str, Any]) -> None:
    assert score(**signs) is None


def test_no_vital_signs_are_no_score() -> None:
    assert news2(None, 40.0, None) is None


@pytest.mark.parametrize(("age_years", "applied"), [(15.9, False), (16.0, True), (90.0, True)])
def test_it_holds_from_sixteen_years(age_years: float, applied: bool) -> None:
    assert (score(age_years, **NORMAL) is not None) is applied


def test_it_does_not_hold_in_pregnancy() -> None:
    assert score(30.0, True, **NORMAL) is None
    assert score(30.0, False, **NORMAL) is not None


def test_an_unknown_age_is_applied_and_marked() -> None:
    found = score(None, **NORMAL)
    assert found is not None
    assert found.age_unknown
