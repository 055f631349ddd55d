"""Admission of one message: check its quality, de-identify it, screen it for red flags, choose its lane."""

from dataclasses import dataclass
from datetime import datetime

from schemas import (
    AdmittedMessage,
    Lane,
    Origin,
    PatientMessage,
    Producer,
    QualityFlag,
    RedFlag,
    RuleFired,
    event_id,
)
from streams.domain.acuity import AcuityPolicy
from streams.domain.content import sent_content
from streams.domain.floors import rules_as_sent, vital_sign_rules
from streams.domain.quality import QualityResult, check
from streams.domain.red_flags import RedFlagScreen
from streams.domain.text_language import text_language
from streams.ports import DeIdentifier, LanguageIdentifier, Pseudonymizer

__all__ = ["Admission", "patient_pseudonym"]


def patient_pseudonym(pseudonymizer: Pseudonymizer, patient_id: str) -> str:
    """Return the name under which a patient stands in every event, and is erased."""
    return pseudonymizer.pseudonym("patient", patient_id)


@dataclass(frozen=True, slots=True)
class Admission:
    """The admission policy with its tools. Deterministic: a redelivered record is admitted the same way."""

    deidentifier: DeIdentifier
    pseudonymizer: Pseudonymizer
    language_identifier: LanguageIdentifier
    red_flags: RedFlagScreen
    policy: AcuityPolicy
    producer: Producer

    def admit(
        self, message: PatientMessage, *, origin: Origin, received_at: datetime, now: datetime
    ) -> AdmittedMessage:
        """Return the de-identified message with its lane. `received_at` is the broker's clock."""
        quality = check(message, received_at=received_at)
        clean = self.deidentifier.deidentify(quality.text)
        flags = self.red_flags.screen(clean.text, pregnant=message.pregnant, age_years=quality.age_years)
        lost_rules = rules_as_sent(message.vitals, quality, message.pregnant)
        language = text_language(message.language, self.language_identifier.identify(clean.text))
        return AdmittedMessage(
            event_id=event_id(AdmittedMessage.contract, message.source, message.message_id),
            message_id=message.message_id,
            source=message.source,
            patient_id=patient_pseudonym(self.pseudonymizer, message.patient_id),
            encounter_id=(
                self.pseudonymizer.pseudonym("encounter", message.encounter_id)
                if message.encounter_id
                else None
            ),
            occurred_at=now,
            produced_by=self.producer,
            sent_at=message.sent_at,
            received_at=received_at,
            origin=origin,
            pseudonym_key_id=self.pseudonymizer.key_id,
            lane=self._lane((*flags, *lost_rules), message, quality, language),
            text=clean.text,
            language=language,
            age_years=quality.age_years,
            sex=message.sex,
            pregnant=message.pregnant,
            vitals=quality.vitals,
            red_flags=flags,
            quality_flags=quality.flags,
            out_of_range_fields=quality.out_of_range_fields,
            rules_as_sent=lost_rules,
            content_digest=self.pseudonymizer.pseudonym("content", sent_content(message)),
            redaction_counts=clean.redaction_counts,
        )

    def _lane(
        self,
        found: tuple[RedFlag | RuleFired, ...],
        message: PatientMessage,
        quality: QualityResult,
        language: str | None,
    ) -> Lane:
        floors = [rule.level_floor for rule in found]
        rules = vital_sign_rules(quality.vitals, quality.age_years, message.pregnant)
        floors += [rule.level_floor for rule in rules]
        if QualityFlag.NO_WORDS in quality.flags or not self.policy.reads(language):
            floors.append(self.policy.unassessable_level)
        urgent = min(floors, default=5) <= self.policy.express_level
        return Lane.EXPRESS if urgent else Lane.STANDARD
