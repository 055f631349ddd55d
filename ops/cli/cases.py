"""Joins the events of a message into a case: what the terminal shows, and what a summary counts.

Does not cover a dashboard's needs: no history, no encounter, no acknowledgement.
"""

from collections import Counter
from collections.abc import Container
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from confluent_kafka import Message
from pydantic import ValidationError

from schemas import AdmittedMessage, DeadLetter, DiagnosisAssessed, Origin, ReviewRequested, UrgencyAssessed
from streams.topics import DEADLETTERS, DIAGNOSES, EXPRESS, REVIEWS, STANDARD, URGENCIES

__all__ = ["Case", "CaseBook"]

_CaseEvent = AdmittedMessage | DiagnosisAssessed | UrgencyAssessed | ReviewRequested


@dataclass(slots=True)
class Case:
    """One message and what is known of it so far. `contradicted`: it was decided twice, and differently.

    `admissions`: by their places on the lanes, all that came under its id; `refused`: places that have a dead letter.
    """

    source: str
    message_id: str
    refused: Container[str] = field(default=frozenset(), repr=False, compare=False)
    admissions: dict[str, AdmittedMessage] = field(default_factory=dict)
    diagnosis: DiagnosisAssessed | None = None
    urgency: UrgencyAssessed | None = None
    decided_at: datetime | None = None
    reviews: list[ReviewRequested] = field(default_factory=list)
    contradicted: bool = False

    @property
    def _taken(self) -> list[AdmittedMessage]:
        return [message for place, message in self.admissions.items() if place not in self.refused]

    @property
    def is_ambiguous(self) -> bool:
        """Messages that differ came under its id, and which of them are refused is not known yet."""
        return len({message.content_digest for message in self._taken}) > 1

    @property
    def admitted(self) -> AdmittedMessage | None:
        """The message that the decisions are about: the first of the id that was not refused, on whatever lane."""
        if self.is_ambiguous:
            return None
        return min(self._taken, key=lambda message: message.received_at, default=None)

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
    """Reads records of all topics. Copies are recognised by their event id; the first by offset counts.

    `contradicted_places`: raw or lane records with two different dead letters. `unreadable` counts, by topic,
    records that are no event of their contract. `digests`: what the message of each place of the raw topic says.
    """

    cases: dict[tuple[str, str], Case] = field(default_factory=dict)
    dead_letters: dict[str, DeadLetter] = field(default_factory=dict)
    contradicted_places: set[str] = field(default_factory=set)
    copies: Counter[str] = field(default_factory=Counter)
    unreadable: Counter[str] = field(default_factory=Counter)
    digests: dict[str, str] = field(default_factory=dict)
    _verdicts: dict[tuple[str, UUID], int] = field(default_factory=dict)

    def add(self, record: Message) -> Case | DeadLetter | None:
        """Take in one record; return its case or dead letter, or None where it brings nothing new.

        That is a copy, a tombstone (an erased event), or a record that cannot be read.
        """
        topic, payload = str(record.topic()), record.value()
        contract = _CONTRACTS.get(topic)
        if contract is None or payload is None:
            return None
        try:
            event = contract.model_validate_json(payload)
        except ValidationError:
            self.unreadable[topic] += 1
            return None
        if isinstance(event, AdmittedMessage):
            self.digests[str(event.origin)] = event.content_digest
        is_first, agrees = self._compare(topic, event)
        if isinstance(event, DeadLetter):
            return self._add_dead_letter(event, is_first=is_first, agrees=agrees)
        # `refused` grows with the book: letters that are yet to come count as well.
        new = Case(event.source, event.message_id, refused=self.dead_letters)
        case = self.cases.setdefault((event.source, event.message_id), new)
        case.contradicted |= not agrees
        if isinstance(event, AdmittedMessage):
            place = Origin.model_validate(
                {"topic": topic, "partition": record.partition(), "offset": record.offset()}
            )
            case.admissions[str(place)] = event
        if not is_first:
            return None
        self._add_event(case, event, record)
        return case

    def _add_event(self, case: Case, event: _CaseEvent, record: Message) -> None:
        if isinstance(event, DiagnosisAssessed):
            case.contradicted |= case.diagnosis is not None
            case.diagnosis = case.diagnosis or event
        elif isinstance(event, UrgencyAssessed):
            case.contradicted |= case.urgency is not None
            case.urgency = case.urgency or event
            case.decided_at = case.decided_at or datetime.fromtimestamp(record.timestamp()[1] / 1000, UTC)
        elif isinstance(event, ReviewRequested):
            case.reviews.append(event)

    def _add_dead_letter(self, letter: DeadLetter, *, is_first: bool, agrees: bool) -> DeadLetter | None:
        place = str(letter.origin)
        if not agrees or (is_first and place in self.dead_letters):
            self.contradicted_places.add(place)
        if not is_first:
            return None
        return self.dead_letters.setdefault(place, letter)

    def _compare(self, topic: str, event: _CaseEvent | DeadLetter) -> tuple[bool, bool]:
        """Is this the first event with its id, and does it say what the first one said?"""
        identity, verdict = (topic, event.event_id), hash(_verdict(event))
        if identity not in self._verdicts:
            self._verdicts[identity] = verdict
            return True, True
        self.copies[topic] += 1
        return False, self._verdicts[identity] == verdict


def _verdict(event: _CaseEvent | DeadLetter) -> str:
    """What all copies of an event must say; empty where they may differ, as copies of a message do in their times."""
    if isinstance(event, DeadLetter):  # its sealed payload differs at every sealing
        return event.model_dump_json(include={"reason", "path"})
    if isinstance(event, DiagnosisAssessed | UrgencyAssessed):
        return event.model_dump_json(exclude={"occurred_at", "produced_by"})
    return ""


_CONTRACTS: dict[str, type[_CaseEvent | DeadLetter]] = {
    EXPRESS.name: AdmittedMessage,
    STANDARD.name: AdmittedMessage,
    DIAGNOSES.name: DiagnosisAssessed,
    URGENCIES.name: UrgencyAssessed,
    REVIEWS.name: ReviewRequested,
    DEADLETTERS.name: DeadLetter,
}
