import pytest
import torch

from streams.text import VITALS_FIELDS
from trainer.vitals import VitalsEvidence

NORMAL = {
    "age_years": 40.0,
    "sex_female": 1.0,
    "pregnant": 0.0,
    "heart_rate_bpm": 75.0,
    "respiratory_rate_bpm": 16.0,
    "systolic_bp_mmhg": 122.0,
    "diastolic_bp_mmhg": 78.0,
    "temperature_c": 36.8,
    "spo2_percent": 98.0,
    "supplemental_oxygen": 0.0,
    "pain_score": 0.0,
    "consciousness": 0.0,
}
WORSENING = {
    "heart_rate_bpm": (95.0, 115.0, 140.0),
    "respiratory_rate_bpm": (22.0, 28.0, 36.0),
    "systolic_bp_mmhg": (105.0, 92.0, 70.0),
    "temperature_c": (38.4, 39.5, 41.0),
    "spo2_percent": (95.0, 92.0, 85.0),
    "pain_score": (5.0, 8.0, 10.0),
    "consciousness": (1.0, 2.0, 4.0),
}
EVIDENCE = VitalsEvidence()
torch.nn.init.normal_(EVIDENCE.raw_slope, generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def contributions(**known: float) -> dict[str, float]:
    vector = torch.tensor([[known.get(field, float("nan")) for field in VITALS_FIELDS]])
    return dict(zip(VITALS_FIELDS, EVIDENCE(vector)[0].tolist(), strict=True))


def test_nothing_known_contributes_nothing() -> None:
    assert set(contributions().values()) == {0.0}


@pytest.mark.parametrize("field", VITALS_FIELDS)
def test_hiding_a_normal_value_never_lowers_urgency(field: str) -> None:
    hidden = {name: value for name, value in NORMAL.items() if name != field}
    assert sum(contributions(**hidden).values()) >= sum(contributions(**NORMAL).values()) - 1e-6


@pytest.mark.parametrize("field", WORSENING)
def test_a_worse_value_is_never_less_urgent(field: str) -> None:
    values = (NORMAL[field], *WORSENING[field])
    seen = [contributions(**{**NORMAL, field: value})[field] for value in values]
    assert seen == sorted(seen)
    assert seen[-1] > seen[0]


def test_one_field_changes_only_its_own_contribution() -> None:
    before, after = contributions(**NORMAL), contributions(**{**NORMAL, "spo2_percent": 84.0})
    assert {name for name in VITALS_FIELDS if before[name] != after[name]} == {"spo2_percent"}


def test_exchanging_sex_changes_nothing() -> None:
    assert contributions(**NORMAL) == contributions(**{**NORMAL, "sex_female": 0.0})


@pytest.mark.parametrize(
    ("years", "heart_rate_bpm", "alarming"),
    [(1, 125, False), (1, 200, True), (40, 125, True), (8, 90, False)],
)
def test_a_heart_rate_is_judged_by_age(years: float, heart_rate_bpm: float, alarming: bool) -> None:
    seen = contributions(age_years=years, heart_rate_bpm=heart_rate_bpm)["heart_rate_bpm"]
    assert (seen > contributions(age_years=40.0, heart_rate_bpm=75.0)["heart_rate_bpm"]) is alarming


def test_a_toddlers_normal_pressure_is_not_hypotension() -> None:
    toddler = contributions(age_years=2.0, systolic_bp_mmhg=96.0)["systolic_bp_mmhg"]
    adult = contributions(age_years=40.0, systolic_bp_mmhg=96.0)["systolic_bp_mmhg"]
    assert toddler < adult
