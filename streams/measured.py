"""A stage with its measures."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import time
from typing import Generic, TypeVar

from aiokafka import ConsumerRecord

from streams.engine import Output, Stage
from streams.errors import Rejected
from streams.metrics import CHUNK_MESSAGES, HANDLE_SECONDS, STAGE_SECONDS

__all__ = ["MeasuredStage"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MeasuredStage(Generic[T]):
    """Passes everything on to `stage`, and notes how much it handled in which time."""

    topic: str
    stage: Stage[T]

    def decode(self, record: ConsumerRecord) -> T:
        """See `streams.engine.Stage`."""
        return self.stage.decode(record)

    async def handle(self, items: Sequence[tuple[ConsumerRecord, T]]) -> Sequence[Sequence[Output]]:
        """See `streams.engine.Stage`."""
        CHUNK_MESSAGES.labels(self.topic).observe(len(items))
        with HANDLE_SECONDS.labels(self.topic).time():
            outputs = await self.stage.handle(items)
        now_s = time()
        waited = STAGE_SECONDS.labels(self.topic)
        for record, _ in items:
            waited.observe(max(0.0, now_s - record.timestamp / 1000))
        return outputs

    async def dead_letter(self, record: ConsumerRecord, cause: Rejected) -> Output:
        """See `streams.engine.Stage`."""
        return await self.stage.dead_letter(record, cause)
