"""What cannot be read on triage.models.v1 is told, and does not stop what comes after it."""

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from prometheus_client import REGISTRY

from schemas import ModelLifecycle
from streams.adapters import model_log
from streams.adapters.model_log import ModelLog
from streams.domain.live_model import UnreadableChange, fold
from tests.unit.streams.domain.test_live_model import promoted

NOW_MS = 1_790_000_000_000


class Record:
    def __init__(self, offset: int, value: bytes) -> None:
        self._offset, self._value = offset, value

    def offset(self) -> int:
        return self._offset

    def value(self) -> bytes:
        return self._value

    def timestamp(self) -> tuple[int, int]:
        return 1, NOW_MS


class Reader:
    """The topic. `read` notes the offsets that were asked for."""

    def __init__(self, values: Sequence[bytes]) -> None:
        self.values = list(values)
        self.read: list[int] = []

    def read_on(
        self, topics: Sequence[str], positions: Mapping[tuple[str, int], int]
    ) -> Iterator[list[Record]]:
        begin = positions.get((topics[0], 0), 0)
        self.read.append(begin)
        yield [Record(offset, value) for offset, value in enumerate(self.values) if offset >= begin]


def _log(*values: bytes) -> tuple[ModelLog, Reader]:
    log, reader = ModelLog({}, "triage_bert"), Reader(values)
    log._reader = cast(Any, reader)
    return log, reader


def _written(written: ModelLifecycle, **changes: object) -> bytes:
    return json.dumps({**written.model_dump(mode="json"), **changes}).encode()


def _unreadable() -> float:
    return REGISTRY.get_sample_value("triage_model_steps_unreadable_total") or 0.0


async def test_a_writtenby_a_newer_release_keeps_its_number_and_the_next_is_followed() -> None:
    newer = _written(promoted("3", 2), step="paused")
    log, reader = _log(_written(promoted("2", 1)), newer)
    before = _unreadable()
    assert (await log.state()).unreadable == 2
    reader.values.append(_written(promoted("4", 3)))
    state = await log.state()
    assert (state.version, state.unreadable) == ("4", None)
    assert _unreadable() == before + 1, "read and told once"
    assert reader.read == [0, 2]


async def test_what_has_no_number_is_no_writtenand_a_step_with_unknown_fields_is_read() -> None:
    garbage = [
        b"",
        b"{",
        b"[]",
        b"{}",
        _written(promoted("3", 2), change="two"),
        _written(promoted("3", 2), change=0),
    ]
    log, _ = _log(_written(promoted("2", 1), more=1), *garbage, _written(promoted("4", 2)))
    state = await log.state()
    assert (state.version, state.next_change) == ("4", 3)


async def test_what_cannot_be_read_of_another_model_changes_nothing_here() -> None:
    log, _ = _log(_written(promoted("2", 1)), _written(promoted("3", 9), step="paused", model_name="other"))
    assert (await log.state()).unreadable is None


async def test_looking_at_the_history_does_not_take_records_from_who_follows() -> None:
    log, _ = _log(_written(promoted("2", 1)), _written(promoted("3", 2), step="paused"))
    assert [recorded.step.version for recorded in log.steps()] == ["2"]
    moment = datetime.fromtimestamp(NOW_MS / 1000, UTC)
    (_, first), told = log.told()
    assert (first == log.steps()[0].step, told) == (True, (moment, UnreadableChange(2)))
    assert await log.state() == fold([first, UnreadableChange(2)])


class SlowReader(Reader):
    """Reads once it may; notes that it has begun, and ended."""

    def __init__(self, values: Sequence[bytes]) -> None:
        super().__init__(values)
        self.begun, self.may_read, self.done = threading.Event(), threading.Event(), threading.Event()

    def read_on(
        self, topics: Sequence[str], positions: Mapping[tuple[str, int], int]
    ) -> Iterator[list[Record]]:
        self.begun.set()
        assert self.may_read.wait(10)
        yield from super().read_on(topics, positions)
        self.done.set()


async def test_a_reader_whose_call_was_cancelled_is_not_used_by_a_second_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = [_written(promoted("2", 1)), _written(promoted("3", 2))]
    slow, other = SlowReader(values), Reader(values)
    readers = iter([slow, other])
    monkeypatch.setattr(model_log, "KafkaReader", lambda _config: next(readers))
    log = ModelLog({}, "triage_bert")
    cancelled = asyncio.create_task(log.state())
    assert await asyncio.to_thread(slow.begun.wait, 10)
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    try:
        assert (await log.state()).version == "3"
    finally:
        slow.may_read.set()
    assert await asyncio.to_thread(slow.done.wait, 10)
    assert other.read == [0]
    await log.state()
    assert other.read == [0, 2], "what the abandoned thread read changed nothing"
