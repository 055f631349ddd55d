"""What was decided about messages before they are sent (again): a copy of a decided message makes no event."""

import re
from collections.abc import Collection

from confluent_kafka import Message

from ops.cli.cases import Case, CaseBook
from ops.cli.outcomes import Identity
from schemas import AdmittedMessage, DiagnosisAssessed, ReviewRequested, UrgencyAssessed, event_id
from streams.adapters.kafka_reader import KafkaReader
from streams.topics import DEADLETTERS, DIAGNOSES, EXPRESS, REVIEWS, STANDARD, URGENCIES

__all__ = ["decided_before"]

_TOPICS = (
    *(EXPRESS.name, STANDARD.name, DIAGNOSES.name, URGENCIES.name, REVIEWS.name),
    DEADLETTERS.name,  # which message of an id was refused
)
_EVENT_ID = re.compile(rb'"event_id":"([0-9a-f-]{36})"')
_MESSAGE_ID = re.compile(rb'"message_id":"([^"]+)"')
_CAUSES = ("", "audit")
"""Of a review that comes with a decision; see streams/domain/events.py."""


def decided_before(reader: KafkaReader, identities: Collection[Identity]) -> dict[Identity, Case]:
    """Return the cases of these messages that are decided. Reads the whole topics once. Raises Unavailable."""
    wanted = {wanted_id for identity in identities for wanted_id in _event_ids(*identity)}
    named = {message_id.encode() for _, message_id in identities}
    book = CaseBook()
    for batch in reader.read_on(_TOPICS, {}) if wanted else ():
        for record in batch:
            found = _EVENT_ID.search(record.value() or b"")
            # To read all events of others whole would take long; a letter of a lane names its message.
            if (found is not None and found[1] in wanted) or _refuses_one_of(named, record):
                book.add(record)
    return {identity: case for identity, case in book.cases.items() if case.complete}


def _refuses_one_of(named: Collection[bytes], record: Message) -> bool:
    if record.topic() != DEADLETTERS.name:
        return False
    found = _MESSAGE_ID.search(record.value() or b"")
    return found is not None and found[1] in named


def _event_ids(source: str, message_id: str) -> list[bytes]:
    contracts = (AdmittedMessage.contract, DiagnosisAssessed.contract, UrgencyAssessed.contract)
    ids = [event_id(contract, source, message_id) for contract in contracts]
    ids += [event_id(ReviewRequested.contract, source, message_id, cause) for cause in _CAUSES]
    return [str(each).encode() for each in ids]
