"""What each version decided, and what clinicians said of it, gathered from the topics."""

from collections import Counter
from dataclasses import dataclass, field

from pydantic import ValidationError

from ops.release.regression import Seen
from schemas import ClinicianFeedback, DiagnosisAssessed, FeedbackVerdict, UrgencyAssessed
from streams.topics import DIAGNOSES, FEEDBACK, URGENCIES

__all__ = ["TOPICS", "Observed"]

TOPICS = (DIAGNOSES, URGENCIES, FEEDBACK)
_WITHHELD = "withheld"

Message = tuple[str, str]
"""Source and message_id."""


@dataclass(slots=True)
class Observed:
    """Takes records of `TOPICS` in any order. Copies of a decision count once: the first one."""

    _urgencies: dict[Message, UrgencyAssessed] = field(default_factory=dict)
    _diagnoses: dict[Message, DiagnosisAssessed] = field(default_factory=dict)
    _words: dict[Message, dict[str, FeedbackVerdict]] = field(default_factory=dict)
    unreadable: Counter[str] = field(default_factory=Counter)

    def add(self, topic: str, value: bytes) -> None:
        """Take in one record."""
        try:
            if topic == URGENCIES.name:
                urgency = UrgencyAssessed.model_validate_json(value)
                self._urgencies.setdefault((urgency.source, urgency.message_id), urgency)
            elif topic == DIAGNOSES.name:
                diagnosis = DiagnosisAssessed.model_validate_json(value)
                self._diagnoses.setdefault((diagnosis.source, diagnosis.message_id), diagnosis)
            elif topic == FEEDBACK.name:
                word = ClinicianFeedback.model_validate_json(value)
                # the latest word of a clinician counts, and a message's words have one order
                self._words.setdefault((word.source, word.message_id), {})[word.clinician_id] = word.verdict
        except ValidationError:
            self.unreadable[topic] += 1

    def by(self, version: str) -> Seen:
        """What `version` decided. A message counts as overridden where any clinician's latest word says so."""
        seen = Seen()
        for message, urgency in self._urgencies.items():
            if urgency.model is None or urgency.model.version != version:
                continue
            seen.levels[urgency.level] += 1
            if words := self._words.get(message):
                seen.judged += 1
                seen.overridden += FeedbackVerdict.OVERRIDDEN in words.values()
        for diagnosis in self._diagnoses.values():
            if diagnosis.model is None or diagnosis.model.version != version:
                continue
            seen.labels[diagnosis.label or _WITHHELD] += 1
            if diagnosis.probabilities:
                seen.top_probabilities.append(max(diagnosis.probabilities.values()))
        return seen
