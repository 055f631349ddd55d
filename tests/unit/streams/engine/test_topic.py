"""A full lane pauses its partitions instead of blocking the delivery of other topics."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import ConsumerRecord
from faust.types import TP

from streams.engine import App
from streams.engine.chunk_size import ChunkSize
from streams.engine.topic import BatchTopic, ChunkQueue

RecordFactory = Callable[..., ConsumerRecord]


class Flow:
    """Stands in for a partition's pause and resume callbacks in the conductor."""

    def __init__(self) -> None:
        self.paused: set[TP] = set()

    def put(self, queue: ChunkQueue, partition: int) -> None:
        tp = TP("lane", partition)
        event: Any = SimpleNamespace(message=SimpleNamespace(tp=tp))
        queue.put_nowait_enhanced(
            event,
            on_pressure_high=lambda: self.paused.add(tp),
            on_pressure_drop=lambda: self.paused.discard(tp),
        )

    def is_paused(self, partition: int) -> bool:
        return TP("lane", partition) in self.paused


@pytest.fixture
async def queue(app: App) -> ChunkQueue:
    app.flow_control.resume()
    return app.batch_topic("lane", chunk_size=32, maxsize=4).queue


async def test_a_queue_over_its_limit_never_makes_the_conductor_wait(queue: ChunkQueue) -> None:
    flow = Flow()
    for _ in range(100):
        flow.put(queue, 0)
    assert not queue.full()


async def test_only_the_partition_at_its_limit_is_paused(queue: ChunkQueue) -> None:
    flow = Flow()
    for _ in range(4):
        flow.put(queue, 0)
    flow.put(queue, 1)
    assert flow.is_paused(0)
    assert not flow.is_paused(1)


async def test_a_partition_resumes_at_half_its_limit_though_others_are_waiting(queue: ChunkQueue) -> None:
    flow = Flow()
    for partition in (0, 0, 0, 0, 1, 1, 1, 1):
        flow.put(queue, partition)
    await queue.get()
    assert flow.is_paused(0)
    queue.get_nowait()
    assert not flow.is_paused(0)
    assert flow.is_paused(1)


async def test_clearing_the_queue_resumes_what_was_paused(queue: ChunkQueue) -> None:
    flow = Flow()
    for _ in range(5):
        flow.put(queue, 0)
    queue.clear()
    assert not flow.is_paused(0)
    for _ in range(3):
        flow.put(queue, 0)
    assert not flow.is_paused(0)


async def test_the_conductor_delivers_to_a_full_batch_topic_without_waiting(app: App) -> None:
    topic = app.batch_topic("lane", chunk_size=2, maxsize=1).clone(is_iterator=True)
    app.flow_control.resume()
    deliver = app.topics._build_handler(TP("lane", 0), {topic})
    for offset in range(3):
        message = SimpleNamespace(topic="lane", tp=TP("lane", 0), offset=offset, value=[], refcount=0)
        await asyncio.wait_for(deliver(message), timeout=5)
    assert topic.queue.qsize() == 3


async def test_a_chunk_is_handed_on_as_it_is_though_no_schema_could_decode_it(
    app: App, make_record: RecordFactory
) -> None:
    chunk = [make_record(0, b"not utf-8: \xff")]
    message: Any = SimpleNamespace(
        topic="lane", tp=TP("lane", 0), offset=0, key=None, value=chunk, headers=None
    )
    topic = app.batch_topic("lane", chunk_size=32, maxsize=4).clone(is_iterator=True)
    event = await topic.decode(message, propagate=True)
    assert event.value is chunk
    assert event.message is message


async def test_a_clone_keeps_chunk_size_and_limit(app: App) -> None:
    clone = app.batch_topic("lane", chunk_size=32, maxsize=4).clone(is_iterator=True)
    assert (clone.chunk_size, clone.maxsize) == (app.chunk_sizes["lane"], 4)


async def test_a_queue_for_no_chunk_is_refused(app: App) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        BatchTopic(app, topics=["lane"], chunk_size=ChunkSize(1), maxsize=0)
