"""Order, overlap, acknowledgement and abandonment of chunks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import ConsumerRecord
from faust.types import TP
from structlog.testing import capture_logs

from streams.engine import DeliveryFailed, Output, StageFailed
from streams.engine import runner as runner_module
from streams.engine.chunk_size import ChunkSize
from streams.engine.runner import ChunkRunner

RecordFactory = Callable[..., ConsumerRecord]
PATIENT_TEXT = "short of breath"


class FakeApp:
    def __init__(self) -> None:
        self.chunk_runners: set[ChunkRunner] = set()
        self.crashes: list[BaseException] = []

    async def crash(self, reason: BaseException) -> None:
        self.crashes.append(reason)


class FakeStream:
    """A stream whose events the test pushes; notes acks by offset. As Faust's, it acks an event when the next one is
    asked for, unless it is told not to."""

    def __init__(self) -> None:
        self.app = FakeApp()
        self.acked: list[int] = []
        self._acks = True
        self._events: asyncio.Queue[Any] = asyncio.Queue()

    def noack(self) -> "FakeStream":
        self._acks = False
        return self

    async def events(self) -> AsyncIterator[Any]:
        while True:
            event = await self._events.get()
            yield event
            if self._acks:
                await self.ack(event)

    async def ack(self, event: Any) -> None:
        self.acked.append(event.message.offset)

    def push(self, record: ConsumerRecord) -> None:
        message = SimpleNamespace(tp=TP(record.topic, record.partition), offset=record.offset)
        self._events.put_nowait(SimpleNamespace(message=message, value=[record]))


class FakeSink:
    """Notes what is sent; delivery is up to the test."""

    def __init__(self) -> None:
        self.sent: list[bytes | None] = []
        self.deliveries: list[asyncio.Future[int]] = []
        self.refused: bytes | None = None
        self.room = asyncio.Event()
        self.room.set()

    async def send(self, outputs: Sequence[Output]) -> asyncio.Future[int]:
        await self.room.wait()
        if self.refused in [output.value for output in outputs]:  # as the producer refuses: without a wait
            refusal: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            refusal.set_exception(DeliveryFailed("MSG_SIZE_TOO_LARGE"))
            return refusal
        self.sent += [output.value for output in outputs]
        self.deliveries.append(asyncio.get_running_loop().create_future())
        return self.deliveries[-1]

    def deliver_all(self) -> None:
        for delivery in self.deliveries:
            if not delivery.done():
                delivery.set_result(1)


class FakeProcessor:
    """Each chunk is its one record; a record with an entry in `gates` waits for it."""

    def __init__(self) -> None:
        self.started: list[int] = []
        self.waits_for = frozenset({"model"})
        self.gates: dict[int, Callable[[], Awaitable[object]]] = {}

    async def process(self, records: list[ConsumerRecord]) -> list[Output]:
        (record,) = records
        self.started.append(record.offset)
        if record.offset in self.gates:
            await self.gates[record.offset]()
        return [Output("done", None, str(record.offset).encode())]


class Bench:
    """A running ChunkRunner with its surroundings."""

    def __init__(self, depth: int) -> None:
        self.stream, self.sink, self.processor = FakeStream(), FakeSink(), FakeProcessor()
        self.chunk_size = ChunkSize(1, 2, target_s=1.0)
        self.runner = ChunkRunner(self.stream, self.processor, self.sink, depth, self.chunk_size)  # type: ignore[arg-type]
        self.task = asyncio.create_task(self.runner.run())

    async def settle(self) -> None:
        for _ in range(50):
            await asyncio.sleep(0)


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(runner_module, "DELIVERY_GRACE_S", 0.01)
    bench = Bench(depth=2)
    yield bench
    bench.task.cancel()
    await asyncio.gather(bench.task, return_exceptions=True)


def waits_for(event: asyncio.Event) -> Callable[[], Awaitable[object]]:
    return event.wait


def fails_with(error: BaseException) -> Callable[[], Awaitable[object]]:
    async def fail() -> None:
        raise error

    return fail


async def test_a_chunk_is_acked_only_after_its_outputs_are_delivered(
    bench: Bench, make_record: RecordFactory
) -> None:
    bench.stream.push(make_record(0))
    await bench.settle()
    assert bench.sink.sent == [b"0"]
    assert bench.stream.acked == []
    bench.sink.deliver_all()
    await bench.settle()
    assert bench.stream.acked == [0]


async def test_outputs_keep_the_order_of_the_partition_when_a_later_chunk_ends_first(
    bench: Bench, make_record: RecordFactory
) -> None:
    first_may_end = asyncio.Event()
    bench.processor.gates[0] = waits_for(first_may_end)
    bench.stream.push(make_record(0))
    bench.stream.push(make_record(1))
    await bench.settle()
    assert bench.processor.started == [0, 1]
    assert bench.sink.sent == []
    first_may_end.set()
    await bench.settle()
    assert bench.sink.sent == [b"0", b"1"]


async def test_at_most_depth_chunks_of_a_partition_are_in_process(
    bench: Bench, make_record: RecordFactory
) -> None:
    may_end = asyncio.Event()
    for offset in range(5):
        bench.processor.gates[offset] = waits_for(may_end)
        bench.stream.push(make_record(offset))
    await bench.settle()
    assert bench.processor.started == [0, 1]
    may_end.set()
    await bench.settle()
    assert bench.processor.started == [0, 1, 2, 3, 4]


async def test_a_handler_waits_for_acknowledgements_of_the_brokers_only_when_many_are_missing(
    bench: Bench, make_record: RecordFactory
) -> None:
    limit = 2 + runner_module.UNDELIVERED_CHUNKS
    for offset in range(limit + 2):
        bench.stream.push(make_record(offset))
    await bench.settle()
    assert bench.processor.started == list(range(limit))
    bench.sink.deliver_all()
    await bench.settle()
    assert bench.processor.started == list(range(limit + 2))


async def test_chunks_grow_while_the_stage_is_fast(bench: Bench, make_record: RecordFactory) -> None:
    bench.stream.push(make_record(0))
    await bench.settle()
    assert bench.chunk_size.now == 2


async def test_partitions_do_not_wait_for_each_others_order(bench: Bench, make_record: RecordFactory) -> None:
    bench.processor.gates[0] = waits_for(asyncio.Event())
    bench.stream.push(make_record(0, partition=0))
    bench.stream.push(make_record(7, partition=1))
    await bench.settle()
    assert bench.sink.sent == [b"7"]


async def test_an_undelivered_output_crashes_the_app_with_nothing_acked(
    bench: Bench, make_record: RecordFactory
) -> None:
    bench.stream.push(make_record(0))
    await bench.settle()
    bench.sink.deliveries[0].set_exception(DeliveryFailed("TOPIC_AUTHORIZATION_FAILED"))
    await bench.settle()
    assert [str(reason) for reason in bench.stream.app.crashes] == ["TOPIC_AUTHORIZATION_FAILED"]
    assert bench.stream.acked == []


async def test_the_outputs_of_a_failed_chunk_are_not_overtaken_by_the_next(
    bench: Bench, make_record: RecordFactory
) -> None:
    bench.processor.gates[0] = fails_with(RuntimeError(PATIENT_TEXT))
    bench.stream.push(make_record(0))
    bench.stream.push(make_record(1))
    await bench.settle()
    assert bench.sink.sent == []
    assert len(bench.stream.app.crashes) == 1


@pytest.mark.parametrize("refused_by", ["producer", "brokers"])
async def test_a_chunk_whose_outputs_are_refused_is_not_overtaken_by_the_next(
    bench: Bench, make_record: RecordFactory, refused_by: str
) -> None:
    next_may_end = asyncio.Event()
    bench.processor.gates[1] = waits_for(next_may_end)
    if refused_by == "producer":
        bench.sink.refused = b"0"
        next_may_end.set()
    bench.stream.push(make_record(0))
    bench.stream.push(make_record(1))
    await bench.settle()
    if refused_by == "brokers":
        bench.sink.deliveries[0].set_exception(DeliveryFailed("TOPIC_AUTHORIZATION_FAILED"))
        await bench.settle()
        next_may_end.set()
        await bench.settle()
    assert b"1" not in bench.sink.sent
    assert bench.stream.acked == []
    assert len(bench.stream.app.crashes) == 1


async def test_a_crash_says_where_and_never_what(bench: Bench, make_record: RecordFactory) -> None:
    bench.processor.gates[3] = fails_with(RuntimeError(PATIENT_TEXT))
    with capture_logs() as logs:
        bench.stream.push(make_record(3))
        await bench.settle()
    (reason,) = bench.stream.app.crashes
    assert isinstance(reason, StageFailed)
    assert str(reason) == "RuntimeError at lane-0@3"
    assert reason.__context__ is None
    assert [(line["event"], line["first_offset"], line["last_offset"]) for line in logs] == [
        ("chunk_failed", 3, 3)
    ]
    assert PATIENT_TEXT not in str(logs)


async def test_a_handler_that_cancels_itself_crashes_the_app_instead_of_sticking(
    bench: Bench, make_record: RecordFactory
) -> None:
    bench.processor.gates[0] = fails_with(asyncio.CancelledError())
    bench.stream.push(make_record(0))
    await bench.settle()
    assert [str(reason) for reason in bench.stream.app.crashes] == ["CancelledError at lane-0@0"]


async def test_stopping_the_agent_leaves_unfinished_chunks_unacked_and_no_task_behind(
    bench: Bench, make_record: RecordFactory
) -> None:
    bench.processor.gates[0] = waits_for(asyncio.Event())
    for offset in range(4):
        bench.stream.push(make_record(offset))
    await bench.settle()
    bench.task.cancel()
    await asyncio.gather(bench.task, return_exceptions=True)
    assert bench.stream.acked == []
    assert bench.stream.app.crashes == []
    assert bench.stream.app.chunk_runners == set()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_failure_is_never_reported_by_the_garbage_collector(
    bench: Bench, make_record: RecordFactory
) -> None:
    noise: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: noise.append(context))
    bench.processor.gates[0] = fails_with(RuntimeError(PATIENT_TEXT))
    bench.stream.push(make_record(0))
    bench.stream.push(make_record(1))
    await bench.settle()
    bench.task.cancel()
    await asyncio.gather(bench.task, return_exceptions=True)
    del bench.runner
    assert noise == []


async def test_abandoned_chunks_are_not_acked_and_do_not_hold_up_their_redelivery(
    bench: Bench, make_record: RecordFactory
) -> None:
    bench.processor.gates[0] = waits_for(asyncio.Event())
    for offset in (0, 1, 2):
        bench.stream.push(make_record(offset))
    await bench.settle()
    await bench.runner.abandon()
    await bench.settle()
    assert (bench.sink.sent, bench.processor.started) == ([], [0, 1])
    bench.processor.gates.clear()
    bench.stream.push(make_record(0))
    await bench.settle()
    bench.sink.deliver_all()
    await bench.settle()
    assert bench.stream.acked == [0]


async def test_an_abandoned_chunk_whose_outputs_are_on_their_way_is_acked_when_they_arrive(
    bench: Bench, make_record: RecordFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "DELIVERY_GRACE_S", 20.0)
    bench.processor.gates[1] = waits_for(asyncio.Event())
    for offset in (0, 1):
        bench.stream.push(make_record(offset))
    await bench.settle()
    abandoning = asyncio.create_task(bench.runner.abandon())
    await bench.settle()
    assert not abandoning.done()
    bench.sink.deliver_all()
    await asyncio.wait_for(abandoning, timeout=20)
    assert (bench.sink.sent, bench.stream.acked) == ([b"0"], [0])


async def test_a_chunk_that_is_abandoned_while_it_sends_is_not_hindered_by_the_next_in_line(
    bench: Bench, make_record: RecordFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "DELIVERY_GRACE_S", 20.0)
    bench.sink.room.clear()
    bench.stream.push(make_record(0))
    bench.stream.push(make_record(1))
    await bench.settle()
    abandoning = asyncio.create_task(bench.runner.abandon())
    await bench.settle()
    bench.sink.room.set()
    await bench.settle()
    bench.sink.deliver_all()
    await asyncio.wait_for(abandoning, timeout=20)
    assert bench.stream.app.crashes == []
    assert (bench.sink.sent, bench.stream.acked) == ([b"0"], [0])


async def test_an_abandoned_chunk_whose_outputs_never_arrive_is_not_waited_for_any_longer(
    bench: Bench, make_record: RecordFactory
) -> None:
    bench.stream.push(make_record(0))
    await bench.settle()
    await asyncio.wait_for(bench.runner.abandon(), timeout=20)
    assert (bench.sink.sent, bench.stream.acked) == ([b"0"], [])


async def test_what_the_processor_waits_for_is_known(bench: Bench) -> None:
    assert bench.runner.waits_for == {"model"}
