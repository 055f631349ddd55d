"""The stage under test in the engine's integration tests."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from aiokafka import ConsumerRecord

from streams.engine import Output
from streams.errors import Rejected, Unavailable

__all__ = ["SLOW_S", "EchoStage", "is_bug", "is_poison"]

SLOW_S = 20.0
"""Longer than a worker's session with the broker, and than a rebalance may take."""


def is_poison(number: int) -> bool:
    """Rejected in decode."""
    return number % 997 == 5


def is_bug(number: int) -> bool:
    """Fails in the handler, with whatever is in the same batch."""
    return number % 1499 == 7


class EchoStage:
    """Copies each number to the topics `first` and `second`.

    Files in `flags` change what it does: `blocked-LANE` (never returns), `outage` (raises Unavailable),
    `broken` (fails on every message), `slow` (waits for SLOW_S), `busy` (holds the event loop up for as long).
    """

    def __init__(self, lane: str, suffix: str, flags: Path) -> None:
        self._lane = lane
        self._suffix = suffix
        self._flags = flags

    def decode(self, record: ConsumerRecord) -> int:
        number = int(record.value)
        if is_poison(number):
            raise Rejected("not_json")
        return number

    async def handle(self, items: Sequence[tuple[ConsumerRecord, int]]) -> Sequence[Sequence[Output]]:
        await self._follow_flags()
        await asyncio.sleep(0.01)
        if any(is_bug(number) for _, number in items):
            raise RuntimeError("bug")
        return [self._echo(record) for record, _ in items]

    async def _follow_flags(self) -> None:
        if self._is_set(f"blocked-{self._lane}"):
            await asyncio.Event().wait()
        if self._is_set("outage"):
            raise Unavailable("triton")
        if self._is_set("broken"):
            raise RuntimeError("broken")
        if self._is_set("slow"):
            await asyncio.sleep(SLOW_S)
        if self._is_set("busy"):
            time.sleep(SLOW_S)  # noqa: ASYNC251 - a handler as it should not be

    def _echo(self, record: ConsumerRecord) -> list[Output]:
        key = str(record.partition).encode()
        return [Output(f"{name}-{self._suffix}", key, record.value) for name in ("first", "second")]

    async def dead_letter(self, record: ConsumerRecord, cause: Rejected) -> Output:
        return Output(f"dead-{self._suffix}", None, record.value, (("code", cause.code.encode()),))

    def _is_set(self, flag: str) -> bool:
        return (self._flags / flag).exists()
