"""National Early Warning Score 2: the chart of the Royal College of Physicians (2017), SpO2 scale 1.

RCP. National Early Warning Score (NEWS) 2: Standardising the assessment of acute-illness severity in the NHS.
London, 2017. It holds from 16 years and outside pregnancy.

Does not cover: SpO2 scale 2 (hypercapnic respiratory failure), which a clinician must prescribe. Such patients score
too high here, never too low.
"""

import math
from collections.abc import Mapping

from schemas import Consciousness, News2, VitalSigns
from streams.domain.acuity import ADULT_FROM_YEARS

__all__ = ["news2"]

_Bands = tuple[tuple[float, int], ...]

_BANDS: Mapping[str, _Bands] = {
    "respiratory_rate_bpm": ((8, 3), (11, 1), (20, 0), (24, 2), (math.inf, 3)),
    "spo2_percent": ((91, 3), (93, 2), (95, 1), (math.inf, 0)),
    "systolic_bp_mmhg": ((90, 3), (100, 2), (110, 1), (219, 0), (math.inf, 3)),
    "heart_rate_bpm": ((40, 3), (50, 1), (90, 0), (110, 1), (130, 2), (math.inf, 3)),
    "temperature_c": ((35.0, 3), (36.0, 1), (38.0, 0), (39.0, 1), (math.inf, 2)),
}
"""Per parameter: (highest value of the band, its score), in the order of the chart."""

_CHART_STEP = {"temperature_c": 0.1}
_SUPPLEMENTAL_OXYGEN_SCORE = 2
_NOT_ALERT_SCORE = 3


def news2(vitals: VitalSigns | None, age_years: float | None, pregnant: bool | None) -> News2 | None:
    """Return the score; None in children and in pregnancy, where it doesn't hold, or without any measurement.

    A parameter that was not measured adds nothing, so a partial score is a lower bound.
    """
    if vitals is None or pregnant or (age_years is not None and age_years < ADULT_FROM_YEARS):
        return None
    scores = _parameter_scores(vitals)
    measured = [score for score in scores if score is not None]
    if not measured:
        return None
    return News2(
        score=sum(measured),
        highest_parameter=max(measured),
        partial=len(measured) < len(scores),
        age_unknown=age_years is None,
    )


def _parameter_scores(vitals: VitalSigns) -> list[int | None]:
    scores: list[int | None] = []
    for name, bands in _BANDS.items():
        value: float | None = getattr(vitals, name)
        scores.append(None if value is None else _score(value, bands, _CHART_STEP.get(name, 1.0)))
    oxygen, consciousness = vitals.supplemental_oxygen, vitals.consciousness
    scores.append(None if oxygen is None else _SUPPLEMENTAL_OXYGEN_SCORE * oxygen)
    scores.append(
        None if consciousness is None else _NOT_ALERT_SCORE * (consciousness is not Consciousness.ALERT)
    )
    return scores


def _score(value: float, bands: _Bands, step: float) -> int:
    """Score `value`; between two neighbours on the chart the higher of their scores counts."""
    steps = round(value / step, 6)
    return max(_band(whole * step, bands) for whole in {math.floor(steps), math.ceil(steps)})


def _band(value: float, bands: _Bands) -> int:
    on_chart = round(value, 6)
    return next(score for highest, score in bands if on_chart <= highest)
