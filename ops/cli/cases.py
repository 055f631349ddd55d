"""Joins the events of a message into a case: what the terminal shows, and what a summary counts.

Does not cover a dashboard's needs: no history, no encounter, no acknowledgement.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

from confluent_kafka import Message

from schemas import AdmittedMessage, DeadLetter, DiagnosisAssessed, ReviewRequested, UrgencyAssessed
from streams.topics import DEADLETTERS, DIAGNOSES, EXPRESS, REVIEWS, STANDARD, URGENCIES

__all__ = ["Case", "CaseBook"]


@dataclass(slots=True)
class Case:
    """One message and what is known of it so far."""

    source: str
    message_id: str
    admitted: AdmittedMessage | None = None
    diagnosis: DiagnosisAssessed | None = None
    urgency: UrgencyAssessed | None = None
    decided_at: datetime | None = None
    reviews: list[ReviewRequested] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Both decisions are there."""
        return self.diagnosis is not None and self.urgency is not None

    @property
    def latency_ms(self) -> float | None:
        """From the broker's append of the raw message to its append of the urgency event."""
        if self.admitted is None or self.decided_at is None:
            return None
        return (self.decided_at - self.admitted.received_at).total_seconds() * 1000


@dataclass(slots=True)
class CaseBook:
    """Reads records of all topics. Copies are recognised by their event id; the first by offset counts."""

    cases: dict[tuple[str, str], Case] = field(default_factory=dict)
    dead_letters: dict[str, DeadLetter] = field(default_factory=dict)
    copies: Counter[str] = field(default_factory=Counter)
    _seen: set[tuple[str, str]] = field(default_factory=set)

    def add(self, record: Message) -> Case | DeadLetter | None:
        """Take in one record; return the case or dead letter that it belongs to, or None for a copy."""
        topic, payload = str(record.topic()), record.value()
        if topic == DEADLETTERS.name:
            return self._add_dead_letter(DeadLetter.model_validate_json(payload))
        contract = _CONTRACTS.get(topic)
        if contract is None or payload is None:
            return None
        event = contract.model_validate_json(payload)
        if not self._is_new(topic, str(event.event_id)):
            return None
        case = self.cases.setdefault((event.source, event.message_id), Case(event.source, event.message_id))
        if isinstance(event, AdmittedMessage):
            case.admitted = event
        elif isinstance(event, DiagnosisAssessed):
            case.diagnosis = event
        elif isinstance(event, UrgencyAssessed):
            case.urgency = event
            case.decided_at = datetime.fromtimestamp(record.timestamp()[1] / 1000, UTC)
        else:
            case.reviews.append(event)
        return case

    def _add_dead_letter(self, letter: DeadLetter) -> DeadLetter | None:
        if not self._is_new(DEADLETTERS.name, str(letter.event_id)):
            return None
        self.dead_letters[str(letter.origin)] = letter
        return letter

    def _is_new(self, topic: str, event_id: str) -> bool:
        if (topic, event_id) in self._seen:
            self.copies[topic] += 1
            return False
        self._seen.add((topic, event_id))
        return True


_CONTRACTS: dict[str, type[AdmittedMessage | DiagnosisAssessed | UrgencyAssessed | ReviewRequested]] = {
    EXPRESS.name: AdmittedMessage,
    STANDARD.name: AdmittedMessage,
    DIAGNOSES.name: DiagnosisAssessed,
    URGENCIES.name: UrgencyAssessed,
    REVIEWS.name: ReviewRequested,
}
