"""Vital signs that set the least urgent level a case may get. Rules only make a case more urgent.

The tables are configuration. NEEDS CLINICAL SIGN-OFF: before any use with patients a responsible clinician of the
site has to confirm or change them.
"""

from collections.abc import Mapping

from schemas import Consciousness, News2, QualityFlag, RuleFired, VitalSigns
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

_ACVPU_GUIDELINE = "RCP NEWS2 2017 (ACVPU); ESI handbook v5 2023"
_NEWS2_GUIDELINE = "RCP NEWS2 2017"


def vital_sign_rules(
    vitals: VitalSigns | None, age_years: float | None, pregnant: bool | None
) -> tuple[RuleFired, ...]:
    """Return the rules that the vital signs fire, most urgent first. NEWS2 is left out where it doesn't hold."""
    if vitals is None:
        return ()
    fired = list(_consciousness_rules(vitals.consciousness))
    score = news2(vitals, age_years, pregnant)
    if score is not None:
        fired += _news2_rules(score)
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
