"""Draws labelled visits: which complaint, whose, what is wrong with the vital signs, in which words."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from trainer.corpus.model import VitalValue
from trainer.corpus.noise import roughen
from trainer.corpus.visits.complaints import COMPLAINTS, Complaint
from trainer.corpus.visits.modifiers import raised
from trainer.corpus.visits.wording import word

__all__ = ["Visit", "visits"]

_ADULT_FROM_YEARS = 16
# Upper age in years; factors of heart rate, respiratory rate, systolic pressure (as in trainer.corpus.vitals).
_CHILD_FACTORS = ((1, 1.7, 2.0, 0.68), (3, 1.45, 1.6, 0.74), (6, 1.3, 1.35, 0.8), (12, 1.12, 1.2, 0.87))
_ONE_LEVEL_OFF = 0.12
"""Share of visits whose level is one off: experts disagree, too (weighted kappa of nurses 0.875, Moon et al. 2019)."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit with its level. `vitals`: keys and units of the PatientMessage contract. Split by `complaint`."""

    text: str
    complaint: str
    urgency_level: int
    age_years: int
    sex: str
    vitals: dict[str, VitalValue]


def visits(count: int, *, seed: int) -> Iterator[Visit]:
    """Yield `count` visits, the same for the same seed; the first n are the same whatever the count."""
    rng = Random(seed)
    weights = [complaint.frequency**0.5 for complaint in COMPLAINTS]
    for _ in range(count):
        yield _visit(rng.choices(COMPLAINTS, weights=weights)[0], rng)


def _visit(complaint: Complaint, rng: Random) -> Visit:
    age = rng.randint(*complaint.age_range_years)
    sex = complaint.sex or rng.choice(("female", "male"))
    heart, breathing, pressure = next(
        (factors for upper, *factors in _CHILD_FACTORS if age < upper), (1.0, 1.0, 1.0)
    )
    wrong = {name for name, chance in complaint.disturbances.items() if rng.random() < chance}
    usual = rng.choices(list(complaint.levels), weights=list(complaint.levels.values()))[0]
    vitals = _vitals(complaint, usual, age, (heart, breathing, pressure), wrong, rng)
    level = raised(usual, vitals, complaint.pain, (heart, breathing), rng)
    if rng.random() < _ONE_LEVEL_OFF and level > 1:
        level = min(max(level + rng.choice((-1, 1)), 2), 5)
    text = roughen(word(complaint, age, sex, vitals, rng), rng, clinician=True)
    return Visit(text, complaint.name, level, age, sex, vitals)


def _vitals(
    complaint: Complaint,
    level: int,
    age: int,
    factors: tuple[float, float, float],
    wrong: set[str],
    rng: Random,
) -> dict[str, VitalValue]:
    """Spread as in emergency departments: pain and fear raise the heart rate and the pressure of the mildly ill too."""
    heart, breathing, pressure = factors
    older = (age - 45) * 0.3 if age >= _ADULT_FROM_YEARS else 0.0
    rate, breaths = rng.gauss(84, 14), rng.gauss(18.5, 1.8)
    systolic, temperature, oxygen = (
        rng.gauss(132 + older, 20),
        rng.gauss(36.7, 0.4),
        min(rng.gauss(98, 1.2), 100),
    )
    mind = "alert"
    if "fever" in wrong:
        temperature = rng.gauss(38.4, 0.7)
        rate += 14
    if "hypoxia" in wrong:
        oxygen = rng.gauss(91, 4)
        breaths += rng.uniform(1, 10)
        rate += 12
    if "hypotension" in wrong:
        systolic = rng.gauss(86, 13)
        rate += rng.uniform(0, 35)
    if "tachy" in wrong:
        rate += rng.uniform(20, 60)
    if "brady" in wrong:
        rate = rng.gauss(44, 8)
    if "pressure" in wrong:
        systolic += rng.uniform(25, 70)
    if "mind" in wrong:
        mind = rng.choice(("confusion", "voice", "voice", "pain"))
    if "coma" in wrong:
        mind = rng.choice(("pain", "unresponsive"))
    found: dict[str, VitalValue] = {
        "heart_rate_bpm": float(round(max(rate, 20) * heart)),
        "respiratory_rate_bpm": float(round(max(breaths, 4) * breathing)),
        "systolic_bp_mmhg": float(round(max(systolic, 45) * pressure)),
        "diastolic_bp_mmhg": float(round(max(systolic, 45) * pressure * 0.45 + rng.gauss(20, 7))),
        "temperature_c": round(temperature, 1),
        "spo2_percent": float(round(min(max(oxygen, 60), 100))),
        "consciousness": mind,
    }
    if complaint.pain is not None and mind in ("alert", "confusion"):
        # Within a complaint, the more urgent hurt a little more.
        score = rng.gauss(complaint.pain.usual_score + 0.6 * (3 - level), 1.9)
        found["pain_score"] = float(min(max(round(score), 1), 10))
    elif mind == "alert":
        found["pain_score"] = 0.0
    return found
