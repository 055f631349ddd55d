"""What SafeBatchConsumer and its thread repair in how Faust fetches, without a broker."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import ConsumerRecord
from aiokafka.errors import IllegalStateError
from faust.types import TP

from streams.engine import App
from streams.engine.chunk_size import ChunkSize
from streams.engine.transport import FETCH_MAX_WAIT_MS, SafeBatchConsumer
from tests.unit.streams.engine.fake_consumer import LANE, OTHER, PLAIN, fetch, offsets_of

RecordFactory = Callable[..., ConsumerRecord]


class TestChunks:
    async def test_a_fetch_becomes_events_of_at_most_the_chunk_size(
        self, consumer: SafeBatchConsumer, make_record: RecordFactory
    ) -> None:
        consumer._thread.fetches = [{LANE: [make_record(offset) for offset in range(7)]}]
        messages = await fetch(consumer)
        assert [offsets_of(message) for message in messages] == [[0, 1, 2], [3, 4, 5], [6]]
        assert [message.offset for message in messages] == [2, 5, 6]

    async def test_each_fetch_is_cut_to_the_size_of_its_time(
        self, app: App, consumer: SafeBatchConsumer, make_record: RecordFactory
    ) -> None:
        app.chunk_sizes["lane"] = ChunkSize(1, 2, target_s=1.0)
        consumer._thread.fetches = [
            {LANE: [make_record(offset) for offset in start]} for start in ((0, 1), (2, 3))
        ]
        before = await fetch(consumer)
        app.chunk_sizes["lane"].note(1, 0.0)
        after = await fetch(consumer)
        assert [offsets_of(message) for message in before + after] == [[0], [1], [2, 3]]

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


class TestFetching:
    async def test_records_fetched_across_a_rebalance_are_dropped_and_fetched_again(
        self, app: App, consumer: SafeBatchConsumer, make_record: RecordFactory
    ) -> None:
        consumer._thread.fetches = [{LANE: [make_record(offset) for offset in range(4, 8)]}]
        consumer._thread.during_fetch = lambda: setattr(app, "consumer_generation_id", 2)
        assert await fetch(consumer) == []
        await fetch(consumer)
        assert consumer._thread.rewound == {LANE: 4}

    async def test_what_is_to_be_fetched_again_waits_until_flow_resumes(
        self, consumer: SafeBatchConsumer
    ) -> None:
        consumer._undelivered = {LANE: 4}
        consumer.stop_flow()
        fetching = asyncio.create_task(fetch(consumer))
        await asyncio.sleep(0.01)
        assert consumer._thread.rewound == {}
        consumer.resume_flow()
        await asyncio.wait_for(fetching, timeout=20)
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
        self, consumer: SafeBatchConsumer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)

        monkeypatch.setattr(consumer, "sleep", sleep)
        for tp in (LANE, OTHER, PLAIN):
            consumer.on_buffer_full(tp)
        asyncio.get_running_loop().call_later(0.05, consumer.on_buffer_drop, LANE)
        async with asyncio.timeout(20):
            assert [message async for _, message in consumer.getmany(timeout=3600)] == []
        assert consumer._thread.asked_for == []
        assert slept == []

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

    async def test_a_partition_that_was_revoked_meanwhile_is_left_alone(
        self, app: App, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Aiokafka(FakeAiokafka):
            async def position(self, tp: TP) -> int:
                if tp == OTHER:
                    raise IllegalStateError
                return await super().position(tp)

        thread = app.consumer._thread
        aiokafka = Aiokafka(position=9)
        monkeypatch.setattr(thread, "_ensure_consumer", lambda: aiokafka)
        await thread._rewind({OTHER: 4, LANE: 4})
        assert aiokafka.sought == [(LANE, 4)]


async def test_the_broker_is_not_left_to_hold_a_fetch_for_long(app: App) -> None:
    aiokafka = app.consumer._thread._create_worker_consumer(app.transport)
    assert aiokafka._fetch_max_wait_ms == FETCH_MAX_WAIT_MS
    await aiokafka.stop()
