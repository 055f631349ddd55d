"""The steps of one model on triage.models.v1, read without a consumer group: all see the same order."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas import ModelLifecycle
from streams.adapters.kafka_reader import KafkaReader
from streams.domain.live_model import LiveModel, Step, UnreadableChange
from streams.metrics import MODEL_STEPS_UNREADABLE
from streams.topics import MODELS

__all__ = ["ModelLog", "RecordedStep"]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RecordedStep:
    """A step and where it stands; `appended_at` is the broker's clock."""

    offset: int
    appended_at: datetime
    step: ModelLifecycle


class _Numbered(BaseModel):
    """What a step of a newer release must still say for the numbering of changes to go on."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True, protected_namespaces=())

    model_name: str
    change: Annotated[int, Field(ge=1)]


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
            try:
                read = await asyncio.to_thread(self._read_on, self._open(), self._state, self._next_offset)
            except asyncio.CancelledError:
                self._reader = None  # its thread reads on: the next call must not share it
                raise
            self._state, self._next_offset = read
            return self._state

    def steps(self) -> list[RecordedStep]:
        """Return every step from the first one that can be read. Blocks."""
        return [
            RecordedStep(offset, appended_at, step)
            for offset, appended_at, step in self._read(self._open(), {})
            if isinstance(step, ModelLifecycle)
        ]

    def told(self) -> list[tuple[datetime, Step]]:
        """Return all that decides which version is live, with the broker's time. Blocks."""
        return [
            (appended_at, step) for _, appended_at, step in self._read(self._open(), {}) if step is not None
        ]

    def close(self) -> None:
        """Close the connections."""
        if self._reader is not None:
            self._reader.close()

    def _read_on(
        self, reader: KafkaReader, state: LiveModel, next_offset: int | None
    ) -> tuple[LiveModel, int | None]:
        """Return both as they are after the last record. Changes nothing here: who called may have gone."""
        positions = {} if next_offset is None else {(MODELS.name, 0): next_offset}
        for offset, _, step in self._read(reader, positions):
            next_offset = offset + 1
            if step is not None:
                state = state.after(step)
        return state, next_offset

    def _open(self) -> KafkaReader:
        if self._reader is None:
            self._reader = KafkaReader(self._config)
        return self._reader

    def _read(
        self, reader: KafkaReader, positions: Mapping[tuple[str, int], int]
    ) -> Iterator[tuple[int, datetime, Step | None]]:
        """Yield each record; None: it is no step of this model."""
        for batch in reader.read_on([MODELS.name], positions):
            for record in batch:
                offset, (_, appended_ms) = record.offset() or 0, record.timestamp()
                appended_at = datetime.fromtimestamp(appended_ms / 1000, UTC)
                yield offset, appended_at, self._step(record.value() or b"", offset)

    def _step(self, value: bytes, offset: int) -> Step | None:
        """Read one record; what cannot be read is told, and is no step unless it has the number of a change."""
        try:
            step = ModelLifecycle.model_validate_json(value)
        except ValidationError:
            MODEL_STEPS_UNREADABLE.inc()
        else:
            return step if step.model_name == self._model_name else None
        try:
            numbered = _Numbered.model_validate_json(value)
        except ValidationError:
            log.error("model_step_unreadable", offset=offset)
            return None
        log.error("model_step_unreadable", offset=offset, change=numbered.change)  # a newer release wrote it
        return UnreadableChange(numbered.change) if numbered.model_name == self._model_name else None
