"""triage.express.v1, triage.standard.v1 -> triage.diagnoses.v1 + triage.urgencies.v1 (+ triage.reviews.v1)"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from aiokafka import ConsumerRecord
from pydantic import ValidationError

from schemas import AdmittedMessage, DeadLetterReason, Producer
from streams.assessment import YIELD_EVERY_MESSAGES
from streams.dead_letters import DeadLetterDesk
from streams.domain.decide import Decision
from streams.domain.events import decision_events
from streams.engine import Output
from streams.errors import Rejected
from streams.express_notice import ExpressNotice
from streams.metrics import DECISIONS, DUPLICATES, REVIEWS
from streams.outgoing import event_output
from streams.ports import LedgerEntry, MessageLedger, Priority, Sighted, Sighting

__all__ = ["AssessStage"]

Item = tuple[ConsumerRecord, AdmittedMessage]


class Assessor(Protocol):
    """Decides about messages, in their order. Raises Unavailable, or Rejected where these cannot be decided."""

    async def live_version(self) -> str: ...

    async def decide(
        self, messages: Sequence[AdmittedMessage], lane: Priority, versions: Sequence[str | None]
    ) -> list[Decision]:
        """`versions`: one a message, live when it was first sighted; None: not known, so the one live now."""
        ...


@dataclass(frozen=True, slots=True)
class AssessStage:
    """Serves one lane: checks the message id, decides, announces.

    A message is decided by the version that was live when it was first sighted, however often it is delivered: else one
    event id could stand for two decisions.
    """

    lane: Priority
    assessment: Assessor
    ledger: MessageLedger
    dead_letters: DeadLetterDesk
    notice: ExpressNotice | None
    producer: Producer
    clock: Callable[[], datetime]
    audit_share: float

    def decode(self, record: ConsumerRecord) -> AdmittedMessage:
        try:
            # Fields of a newer admission, in whatever part of the message, are its own.
            return AdmittedMessage.model_validate_json(record.value, extra="ignore")
        except ValidationError:
            raise Rejected(DeadLetterReason.FIELD_INVALID) from None

    async def handle(self, items: Sequence[Item]) -> list[list[Output]]:
        sighted = await self._sight(items)
        sightings = [each.sighting for each in sighted]
        due = [i for i, sighting in enumerate(sightings) if sighting in (Sighting.FIRST, Sighting.REDELIVERY)]
        decisions = await self._decide([items[i] for i in due], [sighted[i].first.version for i in due])
        outputs: list[list[Output]] = [[] for _ in items]
        for i, decision in zip(due, decisions, strict=True):
            if i % YIELD_EVERY_MESSAGES == 0:
                await asyncio.sleep(0)
            outputs[i] = self._announce(*items[i], decision)
        for i, sighting in enumerate(sightings):
            if sighting is Sighting.CONFLICT:
                outputs[i] = [self._conflict(*items[i])]
        DUPLICATES.inc(sightings.count(Sighting.DUPLICATE))
        return outputs

    async def dead_letter(self, record: ConsumerRecord, cause: Rejected) -> Output:
        """See `streams.engine.Stage`. The message can be sent again: its id is free once more."""
        try:
            message = self.decode(record)
        except Rejected:
            return self.dead_letters.letter(record, cause)
        await self.ledger.release(_ledger_key(message), _place(record))
        return self._letter(record, message, cause)

    async def _sight(self, items: Sequence[Item]) -> list[Sighted]:
        async with self._watch(items):
            version = await self.assessment.live_version()
        return await self.ledger.sight(
            [
                LedgerEntry(_ledger_key(message), message.content_digest, _place(record), version)
                for record, message in items
            ]
        )

    async def _decide(self, items: Sequence[Item], versions: Sequence[str | None]) -> list[Decision]:
        async with self._watch(items):
            return await self.assessment.decide([message for _, message in items], self.lane, versions)

    def _watch(self, items: Sequence[Item]) -> AbstractAsyncContextManager[None]:
        return nullcontext() if self.notice is None or not items else self.notice.watch(items)

    def _announce(self, record: ConsumerRecord, message: AdmittedMessage, decision: Decision) -> list[Output]:
        events = decision_events(
            message, decision, now=self.clock(), producer=self.producer, audit_share=self.audit_share
        )
        DECISIONS.labels(decision.urgency.level, decision.urgency.decided_by).inc()
        for reason in decision.review_reasons:
            REVIEWS.labels(reason).inc()
        return [event_output(event, record) for event in events]

    def _conflict(self, record: ConsumerRecord, message: AdmittedMessage) -> Output:
        cause = Rejected(DeadLetterReason.MESSAGE_ID_CONFLICT, "message_id")
        return self._letter(record, message, cause)

    def _letter(self, record: ConsumerRecord, message: AdmittedMessage, cause: Rejected) -> Output:
        return self.dead_letters.letter(record, cause, message_id=message.message_id, source=message.source)


def _ledger_key(message: AdmittedMessage) -> str:
    return f"{message.source}\x1f{message.message_id}"


def _place(record: ConsumerRecord) -> str:
    return f"{record.topic}-{record.partition}-{record.offset}"
