"""triage.feedback.v1 -> the buffer that the trainer learns from (+ triage.deadletters.v1)"""

from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka import ConsumerRecord

from schemas import ClinicianFeedback
from streams.dead_letters import DeadLetterDesk
from streams.domain.decoding import decode_erasure, decode_feedback
from streams.engine import Output
from streams.envelope import declared_type
from streams.errors import Rejected
from streams.learning import Learning, check_time, place_of

__all__ = ["LearnStage"]


@dataclass(frozen=True, slots=True)
class Erasure:
    """A patient is to be forgotten."""

    patient_id: str


Said = ClinicianFeedback | Erasure
Item = tuple[ConsumerRecord, Said]


@dataclass(frozen=True, slots=True)
class LearnStage:
    """Keeps each word before its offset moves; while Redis or the lanes are away, it waits."""

    learning: Learning
    dead_letters: DeadLetterDesk

    def decode(self, record: ConsumerRecord) -> Said:
        patient_id = decode_erasure(record.key, record.value, declared_type(record.headers))
        if patient_id is not None:
            return Erasure(patient_id)
        feedback = decode_feedback(record.value, declared_type(record.headers))
        check_time(feedback, record.timestamp)
        return feedback

    async def handle(self, items: Sequence[Item]) -> list[list[Output]]:
        words = [said for _, said in items if isinstance(said, ClinicianFeedback)]
        found = iter(await self.learning.find(words) if words else [])
        outputs: list[list[Output]] = []
        for record, said in items:  # in order: the latest word counts
            if isinstance(said, Erasure):
                await self.learning.erase(said.patient_id)
                outputs.append([])
                continue
            try:
                await self.learning.keep(said, next(found), place_of(record))
            except Rejected as cause:
                outputs.append([self._letter(record, said, cause)])
            else:
                outputs.append([])
        return outputs

    async def dead_letter(self, record: ConsumerRecord, cause: Rejected) -> Output:
        return self.dead_letters.letter_of_sent(record, cause)

    def _letter(self, record: ConsumerRecord, feedback: ClinicianFeedback, cause: Rejected) -> Output:
        return self.dead_letters.letter(record, cause, message_id=feedback.message_id, source=feedback.source)
