"""One word of a clinician on its way into the buffer: the worker's path and the rebuild's, the same code.

The buffer is written only from the state that was read, so two writers cannot lose each other's words.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from aiokafka import ConsumerRecord

from schemas import AdmittedMessage, ClinicianFeedback, DeadLetterReason
from streams.domain.feedback import (
    FeedbackCase,
    Place,
    example_of,
    label_is_unknown,
    reservoir_priority,
)
from streams.errors import Rejected, Unavailable
from streams.metrics import ADJUDICATIONS, FEEDBACK
from streams.ports import AdmittedMessages, BufferEntry, FeedbackBuffer, FoundMessage

__all__ = ["Learning", "check_time", "place_of"]

log = structlog.get_logger(__name__)

MAX_CLOCK_SKEW = timedelta(minutes=5)
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Learning:
    """Keeps words; `labels` is the model's label set."""

    messages: AdmittedMessages
    buffer: FeedbackBuffer
    labels: frozenset[str]

    async def find(self, feedback: Iterable[ClinicianFeedback]) -> list[FoundMessage]:
        """Look up the message of each. Raises Unavailable."""
        return await self.messages.find([(word.source, word.message_id) for word in feedback])

    async def keep(self, feedback: ClinicianFeedback, found: FoundMessage, place: Place) -> None:
        """Take one word into the buffer; a record that comes again changes nothing.

        Raises Rejected (for a label that the model doesn't have only after the word was kept with it as `other`) and
        Unavailable.
        """
        if found.message is None:
            reason = DeadLetterReason.MESSAGE_IS_DEAD_LETTER if found.is_dead_letter else None
            raise Rejected(reason or DeadLetterReason.MESSAGE_UNKNOWN, "message_id")
        key = f"{feedback.source}\x1f{feedback.message_id}"
        for _ in range(_ATTEMPTS):
            seen = await self.buffer.state(key)
            case = _case(seen, found.message)
            changed = case.hear(feedback, place, self.labels)
            if changed is None:
                break
            entry = self._entry(key, seen, changed, feedback, found, place)
            adjudications = await self.buffer.write(entry)
            if adjudications is not None:
                FEEDBACK.labels(*entry.counted.split(":")).inc()
                ADJUDICATIONS.set(adjudications)
                break
        else:
            raise Unavailable("redis")
        if label_is_unknown(feedback.diagnosis, self.labels):
            raise Rejected(DeadLetterReason.LABEL_UNKNOWN, "diagnosis")

    async def erase(self, patient_id: str) -> None:
        """Take a patient out of the buffer. Raises Unavailable."""
        log.info("patient_erased", messages=await self.buffer.erase(patient_id))

    def _entry(
        self,
        key: str,
        seen: str | None,
        case: FeedbackCase,
        feedback: ClinicianFeedback,
        found: FoundMessage,
        place: Place,
    ) -> BufferEntry:
        if found.message is None:
            raise ValueError("an entry needs its message")
        example = example_of(found.message, case)
        return BufferEntry(
            key=key,
            patient_id=found.message.patient_id,
            seen=seen,
            state=case.model_dump_json(),
            example=example.model_dump_json(),
            classes=example.settled.classes,
            priority=reservoir_priority(key),
            appended_ms=place.appended_ms,
            is_disputed=bool(example.settled.disputed),
            counted=f"{feedback.verdict}:{self._label(feedback.diagnosis)}",
        )

    def _label(self, diagnosis: str | None) -> str:
        if diagnosis is None:
            return "unsaid"
        return "other" if label_is_unknown(diagnosis, self.labels) else diagnosis


def _case(seen: str | None, message: AdmittedMessage) -> FeedbackCase:
    return FeedbackCase.model_validate_json(seen) if seen else FeedbackCase(patient_id=message.patient_id)


def place_of(record: ConsumerRecord) -> Place:
    """Where a word stands."""
    return Place(record.partition, record.offset, record.timestamp)


def check_time(feedback: ClinicianFeedback, appended_ms: int) -> None:
    """Raises Rejected for a decision that was made after the broker had it."""
    if feedback.decided_at > datetime.fromtimestamp(appended_ms / 1000, UTC) + MAX_CLOCK_SKEW:
        raise Rejected(DeadLetterReason.FUTURE_TIMESTAMP, "decided_at")
