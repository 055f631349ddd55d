"""The steps of one model on triage.models.v1, read without a consumer group: all see the same order."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from pydantic import ValidationError

from schemas import ModelLifecycle
from streams.adapters.kafka_reader import KafkaReader
from streams.domain.live_model import LiveModel
from streams.topics import MODELS

__all__ = ["ModelLog", "RecordedStep"]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RecordedStep:
    """A step and where it stands; `appended_at` is the broker's clock."""

    offset: int
    appended_at: datetime
    step: ModelLifecycle


class ModelLog:
    """Follows the topic; `config`: librdkafka settings. A read raises Unavailable while the brokers don't answer."""

    def __init__(self, config: Mapping[str, object], model_name: str) -> None:
        self._config = config
        self._model_name = model_name
        self._reader: KafkaReader | None = None
        self._next_offset: int | None = None
        self._state = LiveModel()
        self._reading = asyncio.Lock()

    async def state(self) -> LiveModel:
        """Return what all steps so far come to."""
        async with self._reading:  # a reader is for one thread at a time
            return await asyncio.to_thread(self._read_on)

    def steps(self) -> list[RecordedStep]:
        """Return every step from the first one. Blocks."""
        return list(self._steps({}))

    def close(self) -> None:
        """Close the connections."""
        if self._reader is not None:
            self._reader.close()

    def _read_on(self) -> LiveModel:
        positions = {} if self._next_offset is None else {(MODELS.name, 0): self._next_offset}
        for recorded in self._steps(positions):
            self._state = self._state.after(recorded.step)
        return self._state

    def _steps(self, positions: Mapping[tuple[str, int], int]) -> Iterator[RecordedStep]:
        if self._reader is None:
            self._reader = KafkaReader(self._config)
        for batch in self._reader.read_on([MODELS.name], positions):
            for record in batch:
                offset = record.offset() or 0
                self._next_offset = offset + 1
                try:
                    step = ModelLifecycle.model_validate_json(record.value() or b"")
                except ValidationError:
                    log.error("model_step_unreadable", offset=offset)  # a newer release wrote it
                    continue
                if step.model_name == self._model_name:
                    _, appended_ms = record.timestamp()
                    yield RecordedStep(offset, datetime.fromtimestamp(appended_ms / 1000, UTC), step)
