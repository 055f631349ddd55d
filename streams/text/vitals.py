"""Vital signs and demographics as the model's numeric input.

Does not cover normalisation: it is part of the model's graph, so that it travels with the weights.
"""

import numpy as np
from numpy.typing import NDArray

from schemas import Consciousness, Sex, VitalSigns

__all__ = ["VITALS_FIELDS", "vital_signs", "vitals_vector"]

VITALS_FIELDS = (
    "age_years",
    "sex_female",
    "pregnant",
    "heart_rate_bpm",
    "respiratory_rate_bpm",
    "systolic_bp_mmhg",
    "diastolic_bp_mmhg",
    "temperature_c",
    "spo2_percent",
    "supplemental_oxygen",
    "pain_score",
    "consciousness",
)
"""The order of the model's `vitals` input. Consciousness counts the steps of ACVPU from alert (0)."""

_CONSCIOUSNESS_STEP = {level: float(step) for step, level in enumerate(Consciousness)}
_SEX_FEMALE = {Sex.FEMALE: 1.0, Sex.MALE: 0.0}
_ABSENT = float("nan")
_DECIMALS = 3


def vitals_vector(
    vitals: VitalSigns | None, *, age_years: float | None, sex: Sex | None, pregnant: bool | None
) -> NDArray[np.float32]:
    """Return [12] float32 in clinical units, in the order of `VITALS_FIELDS`; unknown is NaN."""
    signs = vitals or VitalSigns()
    values: tuple[float | None, ...] = (
        age_years,
        _SEX_FEMALE.get(sex) if sex else None,
        pregnant,
        signs.heart_rate_bpm,
        signs.respiratory_rate_bpm,
        signs.systolic_bp_mmhg,
        signs.diastolic_bp_mmhg,
        signs.temperature_c,
        signs.spo2_percent,
        signs.supplemental_oxygen,
        signs.pain_score,
        _CONSCIOUSNESS_STEP[signs.consciousness] if signs.consciousness else None,
    )
    return np.array([_ABSENT if value is None else float(value) for value in values], dtype=np.float32)


def vital_signs(vector: NDArray[np.float32]) -> VitalSigns:
    """Return the vital signs that `vitals_vector` made `vector` of, without float32's tail: 39.1, not 39.0999985."""
    known = {
        name: round(float(value), _DECIMALS)
        for name, value in zip(VITALS_FIELDS, vector, strict=True)
        if name in VitalSigns.model_fields and not np.isnan(value)
    }
    signs: dict[str, object] = dict(known)
    if "consciousness" in known:
        signs["consciousness"] = list(Consciousness)[int(known["consciousness"])]
    if "supplemental_oxygen" in known:
        signs["supplemental_oxygen"] = known["supplemental_oxygen"] == 1.0
    return VitalSigns.model_validate(signs)
