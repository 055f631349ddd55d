"""triage.feedback.v1 -> the buffer that the trainer learns from (+ triage.deadletters.v1)"""

from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka import ConsumerRecord

from schemas import ClinicianFeedback
from streams.dead_letters import DeadLetterDesk
from streams.domain.decoding import decode_feedback
from streams.engine import Output
from streams.envelope import declared_type
from streams.errors import Rejected
from streams.learning import Learning, check_time, place_of

__all__ = ["LearnStage"]

Item = tuple[ConsumerRecord, ClinicianFeedback]


@dataclass(frozen=True, slots=True)
class LearnStage:
    """Keeps each word before its offset moves; while Redis or the lanes are away, it waits."""

    learning: Learning
    dead_letters: DeadLetterDesk

    def decode(self, record: ConsumerRecord) -> ClinicianFeedback:
        feedback = decode_feedback(record.value, declared_type(record.headers))
        check_time(feedback, record.timestamp)
        return feedback

    async def handle(self, items: Sequence[Item]) -> list[list[Output]]:
        found = await self.learning.find(feedback for _, feedback in items)
        outputs: list[list[Output]] = []
        for (record, feedback), message in zip(items, found, strict=True):  # in order: the latest word counts
            try:
                await self.learning.keep(feedback, message, place_of(record))
            except Rejected as cause:
                outputs.append([self._letter(record, feedback, cause)])
            else:
                outputs.append([])
        return outputs

    async def dead_letter(self, record: ConsumerRecord, cause: Rejected) -> Output:
        return self.dead_letters.letter(record, cause)

    def _letter(self, record: ConsumerRecord, feedback: ClinicianFeedback, cause: Rejected) -> Output:
        return self.dead_letters.letter(record, cause, message_id=feedback.message_id, source=feedback.source)
