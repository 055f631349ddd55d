"""What is wrong with a message that can still be admitted. Nothing is converted or filled in: doubtful becomes null.

The ranges are those of a living patient at the extremes of the literature, not those of health. Zero is outside,
because systems write it for "not measured"; what several zeros may mean is kept by `floors.rules_as_sent`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas import PatientMessage, QualityFlag, VitalSigns

__all__ = ["POSSIBLE_RANGES", "QualityResult", "check"]

POSSIBLE_RANGES: Mapping[str, tuple[float, float]] = {
    "heart_rate_bpm": (1, 350),  # MIMIC-Extract (Wang et al. 2020) valid range
    "respiratory_rate_bpm": (1, 150),  # above the fastest neonatal tachypnoea; MIMIC-Extract allows 300
    "systolic_bp_mmhg": (1, 375),  # MIMIC-Extract
    "diastolic_bp_mmhg": (1, 375),  # MIMIC-Extract
    "temperature_c": (11.8, 46.5),  # survived: Mroczek et al. 2020 (11.8), Slovis et al. 1982 (46.5)
    "spo2_percent": (1, 100),  # by definition; a fraction such as 0.98 is outside
    "pain_score": (0, 10),  # numeric rating scale
}
"""Lowest and highest possible value, both included."""

AGE_RANGE_YEARS = (0.0, 123.0)
"""The oldest documented age is 122 years."""

FUTURE_TOLERANCE = timedelta(minutes=5)
"""Clocks of intake systems differ."""

_PRESSURES = ("systolic_bp_mmhg", "diastolic_bp_mmhg")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class QualityResult:
    """The message's fields, cleaned. `out_of_range_fields` names what was set to null."""

    text: str
    vitals: VitalSigns | None
    age_years: float | None
    flags: tuple[QualityFlag, ...]
    out_of_range_fields: tuple[str, ...]


def check(message: PatientMessage, *, received_at: datetime) -> QualityResult:
    """Return the cleaned text, vital signs and age, with what was wrong. The text keeps its length."""
    flags: list[QualityFlag] = []
    vitals, nulled, vital_flags = _check_vitals(message.vitals)
    flags += vital_flags
    age_years = message.age_years
    if age_years is not None and not _within(age_years, AGE_RANGE_YEARS):
        age_years = None
        nulled.append("age_years")
        flags.append(QualityFlag.AGE_OUT_OF_RANGE)
    if message.sent_at > received_at + FUTURE_TOLERANCE:
        flags.append(QualityFlag.FUTURE_TIMESTAMP)
    text = _CONTROL.sub(" ", message.text)
    if text != message.text:
        flags.append(QualityFlag.CONTROL_CHARACTERS)
    if not any(map(str.isalpha, text)):
        flags.append(QualityFlag.NO_WORDS)
    return QualityResult(text.replace("\r", " "), vitals, age_years, tuple(flags), tuple(nulled))


def _check_vitals(vitals: VitalSigns | None) -> tuple[VitalSigns | None, list[str], list[QualityFlag]]:
    if vitals is None:
        return None, [], []
    flags: list[QualityFlag] = []
    nulled = [
        name
        for name, possible in POSSIBLE_RANGES.items()
        if (value := getattr(vitals, name)) is not None and not _within(value, possible)
    ]
    if nulled:
        flags.append(QualityFlag.VITAL_OUT_OF_RANGE)
    systolic, diastolic = (None if name in nulled else getattr(vitals, name) for name in _PRESSURES)
    if systolic is not None and diastolic is not None and diastolic >= systolic:
        nulled += _PRESSURES
        flags.append(QualityFlag.BLOOD_PRESSURE_INVERTED)
    kept = VitalSigns.model_validate(vitals.model_dump() | dict.fromkeys(nulled))
    return kept, nulled, flags


def _within(value: float, possible: tuple[float, float]) -> bool:
    lowest, highest = possible
    return lowest <= value <= highest
