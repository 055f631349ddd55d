"""Vital signs that set the least urgent level a case may get. Rules only make a case more urgent.

The tables are configuration. NEEDS CLINICAL SIGN-OFF: before any use with patients a responsible clinician of the
site has to confirm or change them.
"""

from collections.abc import Mapping

from schemas import Consciousness, News2, RuleFired, VitalSigns
from streams.domain.news2 import news2

__all__ = ["vital_sign_rules"]

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
