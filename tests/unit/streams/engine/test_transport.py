"""What SafeBatchConsumer repairs in Faust's consumer, without a broker."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import ConsumerRecord
from faust.types import TP, Message

from streams.engine import App
from streams.engine.transport import FETCH_MAX_WAIT_MS, SafeBatchConsumer

RecordFactory = Callable[..., ConsumerRecord]
LANE = TP("lane", 0)
OTHER = TP("lane", 1)
PLAIN = TP("plain", 0)


class FakeThread:
    """Stands in for aiokafka's thread: hands out prepared fetches, notes rewinds and commits."""

    def __init__(self) -> None:
        self.fetches: list[dict[TP, list[ConsumerRecord]]] = []
        self.during_fetch: Callable[[], object] = lambda: None
        self.asked_for: list[Any] = []
        self.rewound: dict[TP, int] = {}
        self.committed: dict[TP, int] = {}

    async def getmany(self, active_partitions: Any, timeout: float) -> Any:  # noqa: ASYNC109 - Faust's signature
        self.asked_for.append((active_partitions, timeout))
        self.during_fetch()
        return self.fetches.pop(0) if self.fetches else {}

    async def rewind(self, offsets: dict[TP, int]) -> None:
        self.rewound.update(offsets)

    async def commit(self, offsets: dict[TP, int]) -> bool:
        self.committed.update(offsets)
        return True

    def assignment(self) -> set[TP]:
        return {LANE, OTHER, PLAIN}

    def highwater(self, _tp: TP) -> int:
        return 0


@pytest.fixture
async def consumer(app: App) -> SafeBatchConsumer:
    app.chunk_sizes["lane"] = 3
    consumer: SafeBatchConsumer = app.consumer
    consumer._thread = FakeThread()
    consumer._set_active_tps({LANE, OTHER, PLAIN})
    return consumer


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


class TestChunks:
    async def test_a_fetch_becomes_events_of_at_most_the_chunk_size(
        self, consumer: SafeBatchConsumer, make_record: RecordFactory
    ) -> None:
        consumer._thread.fetches = [{LANE: [make_record(offset) for offset in range(7)]}]
        messages = await fetch(consumer)
        assert [offsets_of(message) for message in messages] == [[0, 1, 2], [3, 4, 5], [6]]
        assert [message.offset for message in messages] == [2, 5, 6]

    async def test_other_topics_keep_one_event_per_record(
        self, consumer: SafeBatchConsumer, make_record: RecordFactory
    ) -> None:
        consumer._thread.fetches = [{PLAIN: [make_record(offset, b"x", "plain") for offset in range(2)]}]
        assert [message.value for message in await fetch(consumer)] == [b"x", b"x"]

    async def test_records_read_before_are_cut_off_the_front_of_a_chunk(
        self, consumer: SafeBatchConsumer, make_record: RecordFactory
    ) -> None:
        consumer._read_offset[LANE] = 2
        consumer._thread.fetches = [{LANE: [make_record(offset) for offset in range(4)]}]
        assert [offsets_of(message) for message in await fetch(consumer)] == [[2, 3]]


class TestCommits:
    async def commit(self, consumer: SafeBatchConsumer) -> dict[TP, int]:
        await consumer.commit()
        committed: dict[TP, int] = consumer._thread.committed
        return committed

    async def test_a_later_message_that_ends_first_is_not_committed_past_an_earlier_one(
        self, consumer: SafeBatchConsumer, make_record: RecordFactory
    ) -> None:
        consumer._thread.fetches = [{PLAIN: [make_record(offset, b"", "plain") for offset in range(3)]}]
        first, second, third = [pick_up(consumer, message) for message in await fetch(consumer)]
        second.ack(consumer)
        assert await self.commit(consumer) == {}
        first.ack(consumer)
        assert await self.commit(consumer) == {PLAIN: 2}
        third.ack(consumer)
        assert await self.commit(consumer) == {PLAIN: 3}

    async def test_the_message_right_after_the_committed_offset_holds_the_commit_point(
        self, consumer: SafeBatchConsumer, make_record: RecordFactory
    ) -> None:
        consumer._committed_offset[PLAIN] = 5
        consumer._thread.fetches = [{PLAIN: [make_record(offset, b"", "plain") for offset in (5, 6)]}]
        first, second = [pick_up(consumer, message) for message in await fetch(consumer)]
        second.ack(consumer)
        assert await self.commit(consumer) == {}
        first.ack(consumer)
        assert await self.commit(consumer) == {PLAIN: 7}

    async def test_a_gap_reported_by_the_fetch_loop_does_not_count_as_done(
        self, consumer: SafeBatchConsumer, make_record: RecordFactory
    ) -> None:
        consumer._thread.fetches = [{LANE: [make_record(offset) for offset in range(6)]}]
        first, second = [pick_up(consumer, message) for message in await fetch(consumer)]
        await consumer._add_gap(LANE, 0, 2)
        second.ack(consumer)
        assert await self.commit(consumer) == {}
        assert not consumer._gap
        first.ack(consumer)
        assert await self.commit(consumer) == {LANE: 6}

    async def test_a_message_that_a_stream_skips_after_a_rebalance_moves_nothing(
        self, consumer: SafeBatchConsumer, make_record: RecordFactory
    ) -> None:
        consumer._thread.fetches = [{PLAIN: [make_record(0, b"", "plain")]}]
        (skipped,) = await fetch(consumer)
        skipped.incref()
        skipped.ack(consumer)
        assert await self.commit(consumer) == {}

    async def test_a_redelivered_message_below_the_committed_offset_does_not_stay_unacked(
        self, consumer: SafeBatchConsumer, make_record: RecordFactory
    ) -> None:
        consumer._thread.fetches = [{PLAIN: [make_record(0, b"", "plain")]}]
        (message,) = await fetch(consumer)
        consumer._committed_offset[PLAIN] = 9
        pick_up(consumer, message).ack(consumer)
        assert not consumer.unacked

    async def test_a_new_assignment_forgets_what_was_in_process(
        self,
        app: App,
        consumer: SafeBatchConsumer,
        make_record: RecordFactory,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        async def assigned(*_: object) -> None: ...

        monkeypatch.setattr(consumer, "_on_partitions_assigned", assigned)
        monkeypatch.setattr(app, "on_rebalance_return", lambda: None)
        record = make_record(4, b"", "plain")
        consumer._thread.fetches = [{PLAIN: [record]}, {PLAIN: [record]}]
        (abandoned,) = [pick_up(consumer, message) for message in await fetch(consumer)]
        consumer.on_buffer_full(PLAIN)
        await consumer.on_partitions_assigned({PLAIN})
        assert consumer._buffered_partitions == set()
        (redelivered,) = [pick_up(consumer, message) for message in await fetch(consumer)]
        redelivered.ack(consumer)
        assert await self.commit(consumer) == {PLAIN: 5}
        assert not abandoned.acked


class FakeRunner:
    was_abandoned = False

    async def abandon(self) -> None:
        self.was_abandoned = True


class TestDrain:
    async def test_chunks_that_outlast_the_drain_timeout_are_abandoned_uncommitted(
        self, app: App, consumer: SafeBatchConsumer, make_record: RecordFactory
    ) -> None:
        runner = FakeRunner()
        app.chunk_runners.add(runner)  # type: ignore[arg-type]
        app.drain_timeout_s = 0.05
        consumer._thread.fetches = [{LANE: [make_record(0)]}]
        (message,) = [pick_up(consumer, message) for message in await fetch(consumer)]
        await asyncio.wait_for(consumer.wait_empty(), timeout=20)
        assert runner.was_abandoned
        assert not consumer.unacked
        assert not message.acked
        assert consumer._thread.committed == {}

    async def test_chunks_that_end_in_time_are_committed(
        self, consumer: SafeBatchConsumer, make_record: RecordFactory
    ) -> None:
        consumer._thread.fetches = [{LANE: [make_record(0)]}]
        (message,) = [pick_up(consumer, message) for message in await fetch(consumer)]
        asyncio.get_running_loop().call_later(0.05, message.ack, consumer)
        await asyncio.wait_for(consumer.wait_empty(), timeout=20)
        assert consumer._thread.committed == {LANE: 1}


class TestFetching:
    async def test_records_fetched_across_a_rebalance_are_dropped_and_fetched_again(
        self, app: App, consumer: SafeBatchConsumer, make_record: RecordFactory
    ) -> None:
        consumer._thread.fetches = [{LANE: [make_record(offset) for offset in range(4, 8)]}]
        consumer._thread.during_fetch = lambda: setattr(app, "consumer_generation_id", 2)
        assert await fetch(consumer) == []
        await fetch(consumer)
        assert consumer._thread.rewound == {LANE: 4}

    async def test_a_partition_paused_in_the_middle_of_a_fetch_is_fetched_again_from_there(
        self, consumer: SafeBatchConsumer, make_record: RecordFactory
    ) -> None:
        consumer._thread.fetches = [{LANE: [make_record(offset) for offset in range(9)]}]
        delivered = []
        async for _, message in consumer.getmany(timeout=1.0):
            delivered.append(message)
            consumer.pause_partitions({LANE})
        consumer.resume_partitions({LANE})
        await fetch(consumer)
        assert [offsets_of(message) for message in delivered] == [[0, 1, 2]]
        assert consumer._thread.rewound == {LANE: 3}

    async def test_nothing_of_a_partition_overtakes_what_was_left_out(
        self, consumer: SafeBatchConsumer, make_record: RecordFactory
    ) -> None:
        consumer._thread.fetches = [
            {LANE: [make_record(offset) for offset in range(6)], OTHER: [make_record(0, b"", "lane", 1)]}
        ]
        consumer.pause_partitions({LANE})
        delivered = []
        async for tp, _ in consumer.getmany(timeout=1.0):
            delivered.append(tp)
            consumer.resume_partitions({LANE})
        assert delivered == [OTHER]

    async def test_what_a_cancelled_fetch_loop_had_not_taken_is_fetched_again(
        self, consumer: SafeBatchConsumer, make_record: RecordFactory
    ) -> None:
        consumer._thread.fetches = [{LANE: [make_record(offset) for offset in range(9)]}]
        fetching: Any = consumer.getmany(timeout=1.0)
        await anext(fetching)
        await fetching.aclose()
        await fetch(consumer)
        assert consumer._thread.rewound == {LANE: 3}

    async def test_a_partition_at_its_limit_still_takes_what_was_fetched(
        self, consumer: SafeBatchConsumer, make_record: RecordFactory
    ) -> None:
        consumer._thread.fetches = [{LANE: [make_record(0)]}]
        consumer._thread.during_fetch = lambda: consumer.on_buffer_full(LANE)
        assert len(await fetch(consumer)) == 1

    async def test_pausing_the_last_partition_during_a_fetch_does_not_widen_it_to_all(
        self, consumer: SafeBatchConsumer
    ) -> None:
        consumer._set_active_tps({LANE})
        consumer._thread.during_fetch = lambda: consumer.pause_partitions({LANE})
        await fetch(consumer)
        assert consumer._thread.asked_for[0][0] == {LANE}

    async def test_with_all_partitions_paused_the_first_to_resume_ends_the_wait(
        self, consumer: SafeBatchConsumer
    ) -> None:
        for tp in (LANE, OTHER, PLAIN):
            consumer.on_buffer_full(tp)
        asyncio.get_running_loop().call_later(0.05, consumer.on_buffer_drop, LANE)
        async with asyncio.timeout(20):
            assert [message async for _, message in consumer.getmany(timeout=3600)] == []
        assert consumer._thread.asked_for == []

    async def test_with_some_partitions_paused_the_wait_for_the_others_is_short(
        self, consumer: SafeBatchConsumer
    ) -> None:
        consumer.on_buffer_full(LANE)
        await fetch(consumer)
        assert consumer._thread.asked_for[0][1] < 1.0


class FakeAiokafka:
    def __init__(self, position: int) -> None:
        self._position = position
        self.sought: list[tuple[TP, int]] = []

    async def position(self, _tp: TP) -> int:
        return self._position

    def seek(self, tp: TP, offset: int) -> None:
        self.sought.append((tp, offset))


class TestRewind:
    @pytest.mark.parametrize(("position", "expected"), [(9, [(LANE, 4)]), (4, []), (2, [])])
    async def test_a_position_is_only_ever_moved_back(
        self, app: App, monkeypatch: pytest.MonkeyPatch, position: int, expected: list[tuple[TP, int]]
    ) -> None:
        thread = app.consumer._thread
        aiokafka = FakeAiokafka(position)
        monkeypatch.setattr(thread, "_ensure_consumer", lambda: aiokafka)
        await thread._rewind({LANE: 4})
        assert aiokafka.sought == expected


async def test_the_broker_is_not_left_to_hold_a_fetch_for_long(app: App) -> None:
    aiokafka = app.consumer._thread._create_worker_consumer(app.transport)
    assert aiokafka._fetch_max_wait_ms == FETCH_MAX_WAIT_MS
    await aiokafka.stop()
