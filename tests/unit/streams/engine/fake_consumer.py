"""The consumer under test without aiokafka's thread, and what streams do with its messages."""

from collections.abc import Callable
from typing import Any

from aiokafka import ConsumerRecord
from faust.types import TP, Message

from streams.engine.transport import SafeBatchConsumer

__all__ = ["LANE", "OTHER", "PLAIN", "FakeThread", "fetch", "offsets_of", "pick_up"]

LANE = TP("lane", 0)
OTHER = TP("lane", 1)
PLAIN = TP("plain", 0)


class FakeThread:
    """Stands in for aiokafka's thread: hands out prepared fetches, notes rewinds and commits."""

    def __init__(self) -> None:
        self.fetches: list[dict[TP, list[ConsumerRecord]]] = []
        self.during_fetch: Callable[[], object] = lambda: None
        self.during_seek: Callable[[], object] = lambda: None
        self.asked_for: list[Any] = []
        self.rewound: dict[TP, int] = {}
        self.committed: dict[TP, int] = {}

    async def getmany(self, active_partitions: Any, timeout: float) -> Any:  # noqa: ASYNC109 - Faust's signature
        self.asked_for.append((active_partitions, timeout))
        self.during_fetch()
        return self.fetches.pop(0) if self.fetches else {}

    async def rewind(self, offsets: dict[TP, int]) -> None:
        self.rewound.update(offsets)

    async def seek_to_committed(self) -> dict[TP, int]:
        self.during_seek()
        return {}

    async def commit(self, offsets: dict[TP, int]) -> bool:
        self.committed.update(offsets)
        return True

    def assignment(self) -> set[TP]:
        return {LANE, OTHER, PLAIN}

    def highwater(self, _tp: TP) -> int:
        return 0


async def fetch(consumer: SafeBatchConsumer) -> list[Message]:
    return [message async for _, message in consumer.getmany(timeout=1.0)]


def pick_up(consumer: SafeBatchConsumer, message: Message) -> Message:
    """What both stream iterators do with a message."""
    message.incref()
    message.tracked = True
    consumer._unacked_messages.add(message)
    return message


def offsets_of(message: Message) -> list[int]:
    return [record.offset for record in message.value]
