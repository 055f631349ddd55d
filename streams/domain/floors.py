"""Vital signs that set the least urgent level a case may get. Rules only make a case more urgent.

The tables are configuration. NEEDS CLINICAL SIGN-OFF: before any use with patients a responsible clinician of the
site has to confirm or change them.
"""

import math
from collections.abc import Mapping

from schemas import Consciousness, News2, QualityFlag, RuleFired, VitalSigns
from streams.domain.acuity import ADULT_FROM_YEARS
from streams.domain.news2 import news2
from streams.domain.quality import QualityResult

__all__ = ["rules_as_sent", "vital_sign_rules"]

CONSCIOUSNESS_FLOORS: Mapping[Consciousness, int] = {
    Consciousness.UNRESPONSIVE: 1,
    Consciousness.PAIN: 2,
    Consciousness.VOICE: 2,
    Consciousness.CONFUSION: 2,
}
"""Holds at every age and in pregnancy."""

NEWS2_SCORE_FLOORS: tuple[tuple[str, int, int], ...] = (("news2_high", 7, 2), ("news2_medium", 5, 3))
"""(rule, lowest score, level), most urgent first: RCP 2017, emergency and urgent response thresholds."""

NEWS2_SINGLE_PARAMETER_SCORE = 3
NEWS2_SINGLE_PARAMETER_FLOOR = 3

ZEROS_FLOOR = 2
MIN_ZEROS = 2
"""One zero is a filler for "not measured"; two may be a patient without a circulation."""

_ZERO_FIELDS = ("heart_rate_bpm", "respiratory_rate_bpm", "spo2_percent", "systolic_bp_mmhg")
_ZEROS_GUIDELINE = "Local policy: zeros are an arrest until a human has looked (needs clinical sign-off)"

DANGER_FLOOR = 2
LOWEST_SAFE_SPO2_PERCENT = 92.0
"""ESI Handbook v5 (2023), danger zone vitals, the same at every age."""

CHILD_DANGER_ABOVE: tuple[tuple[float, float, float], ...] = (
    (0.25, 180.0, 50.0),
    (3.0, 160.0, 40.0),
    (8.0, 140.0, 30.0),
    (math.inf, 100.0, 20.0),
)
"""(younger than, in years; heart rate and respiratory rate per minute above which ...), same source."""

PREGNANCY_SAFE_RANGES: Mapping[str, tuple[float, float]] = {
    "heart_rate_bpm": (40.0, 120.0),
    "respiratory_rate_bpm": (10.0, 30.0),
    "systolic_bp_mmhg": (90.0, 160.0),
}
"""Outside of these: red triggers of the modified early obstetric warning system (Singh et al., Anaesthesia 2012)."""

_ESI_GUIDELINE = "ESI Handbook v5 2023, danger zone vitals"
_MEOWS_GUIDELINE = "MEOWS red triggers (Singh et al. 2012)"
_ACVPU_GUIDELINE = "RCP NEWS2 2017 (ACVPU); ESI handbook v5 2023"
_NEWS2_GUIDELINE = "RCP NEWS2 2017"


def vital_sign_rules(
    vitals: VitalSigns | None, age_years: float | None, pregnant: bool | None
) -> tuple[RuleFired, ...]:
    """Return the rules that the vital signs fire, most urgent first.

    Where NEWS2 doesn't hold, in children and in pregnancy, single measurements beyond a danger limit set a floor.
    """
    if vitals is None:
        return ()
    fired = list(_consciousness_rules(vitals.consciousness))
    score = news2(vitals, age_years, pregnant)
    if score is not None:
        fired += _news2_rules(score)
    is_child = age_years is not None and age_years < ADULT_FROM_YEARS
    if is_child or pregnant:
        fired += _spo2_rules(vitals)
    if age_years is not None and is_child:
        fired += _child_rules(vitals, age_years)
    if pregnant:
        fired += _pregnancy_rules(vitals)
    return tuple(sorted(fired, key=lambda rule: rule.level_floor))


def rules_as_sent(
    sent: VitalSigns | None, quality: QualityResult, pregnant: bool | None
) -> tuple[RuleFired, ...]:
    """Return the rules that doubtful vital signs fire, which the cleaned ones in `quality` no longer do.

    Of an inverted blood pressure either reading may be right, so both are scored. Most urgent first.
    """
    if sent is None or quality.vitals is None:
        return ()
    fired: dict[str, RuleFired] = {}
    if sum(getattr(sent, name) == 0 for name in _ZERO_FIELDS) >= MIN_ZEROS:
        fired["vital_signs_zero"] = RuleFired(
            rule_id="vital_signs_zero", level_floor=ZEROS_FLOOR, guideline=_ZEROS_GUIDELINE
        )
    if QualityFlag.BLOOD_PRESSURE_INVERTED in quality.flags:
        for systolic_bp_mmhg in (sent.systolic_bp_mmhg, sent.diastolic_bp_mmhg):
            vitals = quality.vitals.model_copy(update={"systolic_bp_mmhg": systolic_bp_mmhg})
            fired |= {rule.rule_id: rule for rule in vital_sign_rules(vitals, quality.age_years, pregnant)}
    if not fired:
        return ()
    known = {rule.rule_id for rule in vital_sign_rules(quality.vitals, quality.age_years, pregnant)}
    lost = [rule for name, rule in fired.items() if name not in known]
    return tuple(sorted(lost, key=lambda rule: rule.level_floor))


def _consciousness_rules(consciousness: Consciousness | None) -> list[RuleFired]:
    if consciousness is None or consciousness not in CONSCIOUSNESS_FLOORS:
        return []
    return [
        RuleFired(
            rule_id=f"consciousness_{consciousness.value}",
            level_floor=CONSCIOUSNESS_FLOORS[consciousness],
            guideline=_ACVPU_GUIDELINE,
        )
    ]


def _news2_rules(score: News2) -> list[RuleFired]:
    fired = [(rule, level) for rule, lowest, level in NEWS2_SCORE_FLOORS if score.score >= lowest][:1]
    if score.highest_parameter >= NEWS2_SINGLE_PARAMETER_SCORE:
        fired.append(("news2_single_parameter", NEWS2_SINGLE_PARAMETER_FLOOR))
    return [RuleFired(rule_id=rule, level_floor=level, guideline=_NEWS2_GUIDELINE) for rule, level in fired]


def _spo2_rules(vitals: VitalSigns) -> list[RuleFired]:
    if vitals.spo2_percent is None or vitals.spo2_percent >= LOWEST_SAFE_SPO2_PERCENT:
        return []
    return [RuleFired(rule_id="danger_spo2", level_floor=DANGER_FLOOR, guideline=_ESI_GUIDELINE)]


def _child_rules(vitals: VitalSigns, age_years: float) -> list[RuleFired]:
    heart, breath = next((h, b) for below_years, h, b in CHILD_DANGER_ABOVE if age_years < below_years)
    limits = {
        "heart_rate": (vitals.heart_rate_bpm, heart),
        "respiratory_rate": (vitals.respiratory_rate_bpm, breath),
    }
    return [
        RuleFired(rule_id=f"danger_child_{name}", level_floor=DANGER_FLOOR, guideline=_ESI_GUIDELINE)
        for name, (value, limit) in limits.items()
        if value is not None and value > limit
    ]


def _pregnancy_rules(vitals: VitalSigns) -> list[RuleFired]:
    rules = []
    for field, (lowest, highest) in PREGNANCY_SAFE_RANGES.items():
        value: float | None = getattr(vitals, field)
        if value is not None and not lowest <= value <= highest:
            name = f"danger_pregnancy_{field.rsplit('_', 1)[0]}"
            rules.append(RuleFired(rule_id=name, level_floor=DANGER_FLOOR, guideline=_MEOWS_GUIDELINE))
    return rules
