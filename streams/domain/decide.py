"""One admitted message becomes a diagnosis, an urgency and the reasons for a human to look.

Urgency is never withheld and never lowered; only the diagnosis label may be held back.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas import (
    AdmittedMessage,
    DecidedBy,
    DiagnosisAssessment,
    ModelRef,
    QualityFlag,
    RankedLabel,
    ReviewReason,
    RuleFired,
    UrgencyAssessment,
)
from streams.domain.acuity import ADULT_FROM_YEARS, TARGET_MINUTES, AcuityPolicy, most_urgent_floor
from streams.domain.floors import vital_sign_rules
from streams.domain.news2 import news2
from streams.domain.profile import ModelProfile
from streams.domain.reading import ModelReading

__all__ = ["Decision", "decide", "fired_rules", "is_assessable", "is_supported_language"]

_REVIEWED_FLAGS = {
    QualityFlag.VITAL_OUT_OF_RANGE,
    QualityFlag.AGE_OUT_OF_RANGE,
    QualityFlag.BLOOD_PRESSURE_INVERTED,
    QualityFlag.NO_WORDS,
}
"""A future timestamp or a control character is flagged, but says nothing about the patient."""

_UNASSESSABLE_RULE = "text_not_assessable"
_UNASSESSABLE_GUIDELINE = "Local policy: a human reads what the model cannot (needs clinical sign-off)"


@dataclass(frozen=True, slots=True)
class Decision:
    """Both assessments, and why a clinician should look (empty: no need)."""

    diagnosis: DiagnosisAssessment
    urgency: UrgencyAssessment
    review_reasons: tuple[ReviewReason, ...]


def is_supported_language(message: AdmittedMessage, profile: ModelProfile) -> bool:
    """Unknown counts as supported: short complaints are rarely recognisable, and the domain distance judges them."""
    return message.language is None or message.language.split("-")[0].lower() in profile.languages


def is_assessable(message: AdmittedMessage, profile: ModelProfile) -> bool:
    """Can this model read this text at all?"""
    return is_supported_language(message, profile) and QualityFlag.NO_WORDS not in message.quality_flags


def fired_rules(message: AdmittedMessage) -> tuple[RuleFired, ...]:
    """Return the red flags and the vital-sign rules, of the signs as cleaned and as sent, most urgent first."""
    flags = [
        RuleFired(
            rule_id=flag.rule_id,
            level_floor=flag.level_floor,
            guideline=flag.guideline,
            start=flag.start,
            end=flag.end,
        )
        for flag in message.red_flags
    ]
    vital_rules = vital_sign_rules(message.vitals, message.age_years, message.pregnant)
    rules = [*flags, *message.rules_as_sent, *vital_rules]
    return tuple(sorted(rules, key=lambda rule: rule.level_floor))


def decide(
    message: AdmittedMessage, reading: ModelReading | None, profile: ModelProfile, policy: AcuityPolicy
) -> Decision:
    """Decide about one message. `reading` is None where the text is not assessable by this model."""
    rules = fired_rules(message)
    if reading is None:
        urgency = _unassessable_urgency(message, rules, policy)
        return Decision(_withheld(), urgency, _reasons(message, profile))
    model = ModelRef(name=profile.name, version=profile.version)
    out_of_domain = reading.domain_distance > profile.thresholds.out_of_domain_above
    diagnosis = _diagnosis(reading, profile, model, out_of_domain=out_of_domain)
    doubts = _reasons(message, profile)
    urgency = _urgency(message, reading, rules, model, uncertain=out_of_domain or bool(doubts))
    found = []
    if diagnosis.abstained or reading.plausible_level < reading.urgency_level:
        found.append(ReviewReason.LOW_CONFIDENCE)
    if out_of_domain:
        found.append(ReviewReason.OUT_OF_DOMAIN)
    if reading.urgency_level - urgency.level >= policy.disagreement_levels and (
        urgency.decided_by is DecidedBy.RULE
    ):
        found.append(ReviewReason.MODEL_RULE_DISAGREEMENT)
    return Decision(diagnosis, urgency, (*found, *doubts))


def _reasons(message: AdmittedMessage, profile: ModelProfile) -> tuple[ReviewReason, ...]:
    """Reasons that lie in the message itself."""
    reasons = []
    if not is_supported_language(message, profile):
        reasons.append(ReviewReason.UNSUPPORTED_LANGUAGE)
    if _REVIEWED_FLAGS.intersection(message.quality_flags):
        reasons.append(ReviewReason.QUALITY_FLAG)
    is_child = message.age_years is not None and message.age_years < ADULT_FROM_YEARS
    if is_child or message.pregnant:
        reasons.append(ReviewReason.POLICY)
    return tuple(reasons)


def _diagnosis(
    reading: ModelReading, profile: ModelProfile, model: ModelRef, *, out_of_domain: bool
) -> DiagnosisAssessment:
    ranked = sorted(reading.diagnosis_probabilities.items(), key=lambda item: -item[1])
    label, probability = ranked[0]
    abstained = out_of_domain or probability < profile.thresholds.diagnosis_abstain_below
    return DiagnosisAssessment(
        label=None if abstained else label,
        probabilities=reading.diagnosis_probabilities,
        alternatives=tuple(RankedLabel(label=name, probability=p) for name, p in ranked[1:]),
        abstained=abstained,
        attribution=reading.diagnosis_attribution,
        model=model,
    )


def _withheld() -> DiagnosisAssessment:
    return DiagnosisAssessment(label=None, probabilities={}, alternatives=(), abstained=True, model=None)


def _urgency(
    message: AdmittedMessage,
    reading: ModelReading,
    rules: Sequence[RuleFired],
    model: ModelRef,
    *,
    uncertain: bool,
) -> UrgencyAssessment:
    floor = most_urgent_floor(rules)
    raised = floor is not None and floor < reading.plausible_level
    level = floor if floor is not None and raised else reading.plausible_level
    return UrgencyAssessment(
        level=level,
        target_minutes=TARGET_MINUTES[level],
        probabilities=reading.urgency_probabilities,
        provisional=uncertain or (not raised and reading.plausible_level < reading.urgency_level),
        decided_by=DecidedBy.RULE if raised else DecidedBy.MODEL,
        rules=tuple(rules),
        news2=news2(message.vitals, age_years=message.age_years, pregnant=message.pregnant),
        attribution=reading.urgency_attribution,
        vitals_attribution=reading.vitals_attribution,
        model=model,
    )


def _unassessable_urgency(
    message: AdmittedMessage, rules: Sequence[RuleFired], policy: AcuityPolicy
) -> UrgencyAssessment:
    own_rule = RuleFired(
        rule_id=_UNASSESSABLE_RULE, level_floor=policy.unassessable_level, guideline=_UNASSESSABLE_GUIDELINE
    )
    every_rule = tuple(sorted((*rules, own_rule), key=lambda rule: rule.level_floor))
    level = every_rule[0].level_floor
    return UrgencyAssessment(
        level=level,
        target_minutes=TARGET_MINUTES[level],
        probabilities=None,
        provisional=True,
        decided_by=DecidedBy.RULE,
        rules=every_rule,
        news2=news2(message.vitals, age_years=message.age_years, pregnant=message.pregnant),
        model=None,
    )
