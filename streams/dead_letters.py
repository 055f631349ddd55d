"""A record that cannot be decided becomes a dead letter: its reason in the clear, its payload encrypted."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from aiokafka import ConsumerRecord

from schemas import CE_TYPE_KEPT, DeadLetter, DeadLetterReason, Origin, Producer, event_id
from streams.domain.decoding import sender_ids
from streams.engine import Output
from streams.envelope import contract_headers, declared_type, sent_traceparent
from streams.errors import Rejected
from streams.metrics import DEAD_LETTERS
from streams.ports import Cipher
from streams.topics import DEAD_LETTER_MAX_BYTES, DEADLETTERS

__all__ = ["DeadLetterDesk"]

MAX_PAYLOAD_BYTES = DEAD_LETTER_MAX_BYTES * 2 // 3
"""Fernet's base64 adds a third. A compressed batch can bring larger records through the raw topic's limit; their
letter says what happened and how large they were, and the record stays in the raw topic for its retention."""


@dataclass(frozen=True, slots=True)
class DeadLetterDesk:
    """Writes dead letters for one stage."""

    cipher: Cipher
    producer: Producer
    clock: Callable[[], datetime]

    def letter_of_sent(self, record: ConsumerRecord, cause: Rejected) -> Output:
        """Return the dead letter for a record as its sender wrote it; it keeps the sender's ids if they can be read."""
        ids = sender_ids(record.value)
        if ids is None:
            return self.letter(record, cause)
        return self.letter(record, cause, message_id=ids.message_id, source=ids.source)

    def letter(
        self,
        record: ConsumerRecord,
        cause: Rejected,
        *,
        message_id: str | None = None,
        source: str | None = None,
    ) -> Output:
        """Return the dead letter for `record`; its key is the record's place, so a copy has the same key and id."""
        origin = Origin(topic=record.topic, partition=record.partition, offset=record.offset)
        payload: bytes | None = record.value
        kept = payload if payload is not None and len(payload) <= MAX_PAYLOAD_BYTES else None
        declared, trace = declared_type(record.headers), sent_traceparent(record.headers)
        DEAD_LETTERS.labels(reason=cause.code).inc()
        letter = DeadLetter(
            event_id=event_id(DeadLetter.contract, "", str(origin)),
            reason=DeadLetterReason(cause.code),
            path=cause.path,
            origin=origin,
            message_id=message_id,
            source=source,
            ce_type=declared if declared is not None and re.fullmatch(CE_TYPE_KEPT, declared) else None,
            traceparent=trace.decode() if trace is not None else None,
            occurred_at=self.clock(),
            produced_by=self.producer,
            payload_bytes=len(payload) if payload is not None else 0,
            encrypted_payload=self.cipher.encrypt(kept) if kept is not None else None,
            payload_key_id=self.cipher.key_id,
        )
        return Output(
            topic=DEADLETTERS.name,
            key=str(origin).encode(),
            value=letter.model_dump_json().encode(),
            headers=contract_headers(letter.event_id, DeadLetter.contract),
        )
