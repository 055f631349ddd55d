"""Vital signs that fit the severity of a story, its teller's age, and the pain described.

Adult means come from `profiles.toml`; children's normal ranges scale as in PALS (American Heart Association)
and CTAS paediatric tables: faster heart and breathing, lower pressure.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from trainer.corpus.model import Acuity, VitalValue
from trainer.corpus.person import Person

__all__ = ["draw_vitals", "hide_fields", "profiles", "silences_patient"]

_OXYGEN_BELOW_PERCENT = 92
# Upper age in years, factor for heart rate, respiratory rate, systolic pressure.
_CHILD_FACTORS = ((1, 1.7, 2.0, 0.68), (3, 1.45, 1.6, 0.74), (6, 1.3, 1.35, 0.8), (12, 1.12, 1.2, 0.87))


@cache
def profiles() -> Mapping[str, Mapping[str, Any]]:
    """The vital-sign profiles by name."""
    return tomllib.loads(Path(__file__).with_name("profiles.toml").read_text(encoding="utf-8"))


def silences_patient(profile: str) -> bool:
    """Whether a patient in this state could not have written or spoken the message."""
    mind = profiles()[profile].get("mind", {})
    return float(mind.get("pain", 0) + mind.get("unresponsive", 0) + mind.get("voice", 0)) >= 0.2


def _draw(spec: list[float], rng: Random, factor: float = 1.0, shift: float = 0.0) -> float:
    mean, deviation, low, high = spec
    return min(max(rng.gauss(mean + shift, deviation), low), high) * factor


def _factors(age_years: int) -> tuple[float, float, float]:
    for upper, heart, breathing, pressure in _CHILD_FACTORS:
        if age_years < upper:
            return heart, breathing, pressure
    return 1.0, 1.0, 1.0


def draw_vitals(person: Person, acuity: Acuity, rng: Random) -> dict[str, VitalValue]:
    """A full set of vital signs; in cardiac arrest only what can be recorded (no pulse, no numbers)."""
    profile = profiles()[acuity.profile]
    mind = profile.get("mind", {"alert": 1.0})
    consciousness = rng.choices(list(mind), weights=list(mind.values()))[0]
    if acuity.profile == "arrest":
        return {"consciousness": consciousness}
    heart, breathing, pressure = _factors(person.age_years)
    adult_shift = (person.age_years - 45) * 0.22 if person.age_years >= 16 else 0.0
    systolic = _draw(profile["sbp"], rng, pressure, adult_shift)
    saturation = round(_draw(profile["spo2"], rng))
    found: dict[str, VitalValue] = {
        "heart_rate_bpm": float(round(_draw(profile["hr"], rng, heart))),
        "respiratory_rate_bpm": float(round(_draw(profile["rr"], rng, breathing))),
        "systolic_bp_mmhg": float(round(systolic)),
        "diastolic_bp_mmhg": float(round(systolic * 0.42 + 24 * pressure + rng.gauss(0, 5))),
        "temperature_c": round(_draw(profile["temp"], rng), 1),
        "spo2_percent": float(saturation),
        "supplemental_oxygen": saturation < _OXYGEN_BELOW_PERCENT and rng.random() < 0.5,
        "consciousness": consciousness,
    }
    if acuity.pain_score is not None:
        found["pain_score"] = float(min(max(round(rng.gauss(acuity.pain_score, 1)), 0), 10))
    elif rng.random() < 0.35:
        found["pain_score"] = 0.0
    return found


def hide_fields(vitals: dict[str, VitalValue], rng: Random, *, share_kept: float) -> dict[str, VitalValue]:
    """The fields that reach the record: each is missing independently of the others and of the story."""
    kept = {name: value for name, value in vitals.items() if rng.random() < share_kept}
    if vitals.get("supplemental_oxygen") is False and rng.random() < 0.6:
        kept.pop("supplemental_oxygen", None)
    return kept
