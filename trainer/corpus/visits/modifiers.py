"""The first-order modifiers of CTAS: how vital signs and pain raise a complaint's level.

Limits from Bullard et al., "Revisions to the Canadian Emergency Department Triage and Acuity Scale (CTAS) adult
guidelines", CJEM 10(2), 2008, which KTAS takes over. A modifier applies with a chance below one, because experts
overrule it where the patient looks well; the chances are ours, not from a source.
"""

from collections.abc import Iterator, Mapping
from random import Random

from trainer.corpus.model import VitalValue
from trainer.corpus.visits.complaints import Pain

__all__ = ["raised"]

_SEVERE_PAIN, _MODERATE_PAIN = 8, 4
_PAIN_LEVELS = {
    # kind: severe, moderate, mild; each (level, chance)
    "central": ((2, 0.45), (3, 0.9), (4, 0.9)),
    "peripheral": ((3, 0.7), (4, 0.9), (5, 0.5)),
    "chronic": ((3, 0.45), (4, 0.9), (5, 0.7)),
}


def raised(
    level: int, vitals: Mapping[str, VitalValue], pain: Pain | None, scales: tuple[float, float], rng: Random
) -> int:
    """Return `level`, or the more urgent one that a modifier gives.

    `scales` divide a child's heart and respiratory rate to an adult's.
    """
    floors = [floor for floor, chance in _floors(vitals, pain, scales) if rng.random() < chance]
    return min([level, *floors])


def _floors(
    vitals: Mapping[str, VitalValue], pain: Pain | None, scales: tuple[float, float]
) -> Iterator[tuple[int, float]]:
    def value(name: str) -> float:
        return float(vitals[name])

    mind = vitals["consciousness"]
    yield from {
        "unresponsive": [(1, 0.95)],
        "pain": [(1, 0.5), (2, 1.0)],
        "voice": [(2, 0.85), (3, 1.0)],
        "confusion": [(2, 0.8), (3, 1.0)],
    }.get(str(mind), [])
    oxygen, systolic = value("spo2_percent"), value("systolic_bp_mmhg")
    heart, breaths = value("heart_rate_bpm") / scales[0], value("respiratory_rate_bpm") / scales[1]
    temperature = value("temperature_c")
    if oxygen < 85:
        yield 1, 0.5
    if oxygen < 90 or breaths > 34 or breaths < 9:
        yield 2, 0.85
    if oxygen < 94 or breaths > 27:
        yield 3, 0.9
    if systolic < 75:
        yield 1, 0.6
    if systolic < 90:
        yield 2, 0.75
    if systolic < 100 and heart > 110:
        yield 2, 0.5
    if heart > 140 or heart < 40:
        yield 2, 0.75
    if heart > 115 or heart < 46:
        yield 3, 0.8
    if systolic > 220:
        yield 2, 0.4
    if systolic > 200:
        yield 3, 0.7
    if temperature > 38.4:
        septic = (heart > 90) + (breaths > 20) + (systolic < 100)
        yield (2, 0.6) if septic >= 2 else (3, 0.7)
    if temperature < 35.0:
        yield 2, 0.6
    if pain is not None and "pain_score" in vitals:
        yield from _pain_levels(pain, value("pain_score"))


def _pain_levels(pain: Pain, score: float) -> Iterator[tuple[int, float]]:
    severe, moderate, mild = _PAIN_LEVELS[pain.kind]
    if score >= _SEVERE_PAIN:
        yield severe
    yield moderate if score >= _MODERATE_PAIN else mild
