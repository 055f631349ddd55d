"""Written visits: reproducible, clean, valid by the contract, and levelled as the scale's modifiers say."""

import re
from collections import Counter
from functools import cache
from random import Random

import pytest

from trainer.corpus.model import VitalValue
from trainer.corpus.visits import COMPLAINTS, Visit, visits
from trainer.corpus.visits.complaints import Pain
from trainer.corpus.visits.modifiers import raised
from trainer.data.visits import to_row

_LEFTOVER = re.compile(r"[{}]|  |\bNone\b|,,|^[ ,.;]|[ ,;]$")
_FINE: dict[str, VitalValue] = {
    "heart_rate_bpm": 78.0,
    "respiratory_rate_bpm": 16.0,
    "systolic_bp_mmhg": 125.0,
    "temperature_c": 36.7,
    "spo2_percent": 98.0,
    "consciousness": "alert",
}


@cache
def _sample() -> tuple[Visit, ...]:
    return tuple(visits(3_000, seed=5))


def _mean_level(usual: int, changed: dict[str, VitalValue], pain: Pain | None = None) -> float:
    rng = Random(1)
    levels = [raised(usual, {**_FINE, **changed}, pain, (1.0, 1.0), rng) for _ in range(300)]
    return sum(levels) / len(levels)


def test_the_same_seed_gives_the_same_visits_whatever_the_count() -> None:
    assert list(visits(20, seed=3)) == list(visits(40, seed=3))[:20]


def test_no_visit_carries_an_unfilled_slot_or_stray_punctuation() -> None:
    assert [visit.text for visit in _sample() if _LEFTOVER.search(visit.text)] == []


def test_every_complaint_comes_up_and_every_visit_is_a_valid_row() -> None:
    assert {visit.complaint for visit in _sample()} == {complaint.name for complaint in COMPLAINTS}
    assert {to_row(visit).source for visit in _sample()} == {"visits"}


def test_level_three_is_the_most_common_and_level_one_rare() -> None:
    shares = Counter(visit.urgency_level for visit in _sample())
    assert shares.most_common(1)[0][0] == 3
    assert 0.02 < shares[1] / len(_sample()) < 0.10


def test_most_urgent_patients_have_no_vital_sign_that_says_so() -> None:
    urgent = [visit.vitals for visit in _sample() if visit.urgency_level == 2]
    calm = [
        vitals
        for vitals in urgent
        if float(vitals["spo2_percent"]) >= 94
        and 90 <= float(vitals["systolic_bp_mmhg"]) <= 200
        and vitals["consciousness"] == "alert"
    ]
    assert len(calm) > 0.5 * len(urgent)


@pytest.mark.parametrize(
    "worse",
    [
        {"spo2_percent": 84.0},
        {"systolic_bp_mmhg": 70.0},
        {"heart_rate_bpm": 150.0},
        {"heart_rate_bpm": 36.0},
        {"respiratory_rate_bpm": 36.0},
        {"temperature_c": 34.0},
        {"consciousness": "voice"},
        {"consciousness": "unresponsive"},
    ],
)
def test_a_deranged_vital_sign_makes_a_small_complaint_urgent(worse: dict[str, VitalValue]) -> None:
    assert _mean_level(5, {}) == 5.0
    assert _mean_level(5, worse) < 3.5


def test_the_same_pain_counts_more_in_the_chest_than_in_a_limb_and_least_where_it_is_old() -> None:
    central, peripheral, chronic = (
        _mean_level(5, {"pain_score": 9.0}, Pain(kind, 8)) for kind in ("central", "peripheral", "chronic")
    )
    assert central < peripheral < chronic


def test_nothing_makes_a_complaint_less_urgent_than_it_usually_is() -> None:
    assert _mean_level(2, {"pain_score": 1.0}, Pain("peripheral", 2)) == 2.0
