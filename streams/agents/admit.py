"""triage.messages.v1 -> triage.express.v1 | triage.standard.v1 | triage.deadletters.v1"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from aiokafka import ConsumerRecord

from schemas import Origin, PatientMessage
from streams.dead_letters import DeadLetterDesk
from streams.domain.admission import Admission
from streams.domain.decoding import decode_patient_message
from streams.engine import Output
from streams.envelope import declared_type
from streams.errors import Rejected
from streams.outgoing import event_output

__all__ = ["AdmitStage"]

_YIELD_EVERY_MESSAGES = 16
"""Patterns over long texts take milliseconds: heartbeats and delivery reports get their turn in between."""


@dataclass(frozen=True, slots=True)
class AdmitStage:
    """Decodes at the edge, admits, and sends each message to its lane."""

    admission: Admission
    dead_letters: DeadLetterDesk
    clock: Callable[[], datetime]

    def decode(self, record: ConsumerRecord) -> PatientMessage:
        return decode_patient_message(record.value, declared_type(record.headers))

    async def handle(self, items: Sequence[tuple[ConsumerRecord, PatientMessage]]) -> list[list[Output]]:
        outputs = []
        for i, (record, message) in enumerate(items):
            if i % _YIELD_EVERY_MESSAGES == 0:
                await asyncio.sleep(0)
            outputs.append([self._admit(record, message)])
        return outputs

    async def dead_letter(self, record: ConsumerRecord, cause: Rejected) -> Output:
        return self.dead_letters.letter_of_sent(record, cause)

    def _admit(self, record: ConsumerRecord, message: PatientMessage) -> Output:
        admitted = self.admission.admit(
            message,
            origin=Origin(topic=record.topic, partition=record.partition, offset=record.offset),
            received_at=datetime.fromtimestamp(record.timestamp / 1000, UTC),
            now=self.clock(),
        )
        return event_output(admitted, record)
