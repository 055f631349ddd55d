"""What SafeBatchConsumer repairs in how Faust commits, rebalances and stops, without a broker."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from aiokafka import ConsumerRecord
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.types import TP, Message

from streams.engine import App, transport
from streams.engine.transport import SafeBatchConsumer
from tests.unit.streams.engine.fake_consumer import LANE, PLAIN, fetch, pick_up

RecordFactory = Callable[..., ConsumerRecord]


@contextmanager
def commits_that_fail(consumer: SafeBatchConsumer, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    async def fail(_: object) -> bool:  # as where the group has rebalanced
        return False

    with monkeypatch.context() as rebalancing:
        rebalancing.setattr(consumer._thread, "commit", fail)
        yield


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

    async def test_what_could_not_be_committed_is_committed_the_next_time(
        self, consumer: SafeBatchConsumer, make_record: RecordFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        consumer._thread.fetches = [{PLAIN: [make_record(0, b"", "plain")]}]
        (message,) = [pick_up(consumer, message) for message in await fetch(consumer)]
        message.ack(consumer)
        with commits_that_fail(consumer, monkeypatch):
            await consumer.commit()
        assert await self.commit(consumer) == {PLAIN: 1}

    async def test_a_failed_commit_leaves_what_was_committed_before(
        self,
        app: App,
        consumer: SafeBatchConsumer,
        make_record: RecordFactory,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(App, "started", True)
        assert app.committed_offsets[PLAIN] is None
        consumer._thread.fetches = [{PLAIN: [make_record(offset, b"", "plain") for offset in range(2)]}]
        first, second = [pick_up(consumer, message) for message in await fetch(consumer)]
        first.ack(consumer)
        await consumer.commit()
        second.ack(consumer)
        with commits_that_fail(consumer, monkeypatch):
            await consumer.commit()
            assert app.committed_offsets[PLAIN] == 1
        await consumer.commit()
        assert app.committed_offsets[PLAIN] == 2

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


class TestRebalances:
    async def test_what_is_done_when_partitions_are_revoked_is_committed_before_they_go(
        self, consumer: SafeBatchConsumer, make_record: RecordFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def drain(_: object) -> None:  # what the app does, among other things
            await consumer.wait_empty()

        monkeypatch.setattr(consumer, "_on_partitions_revoked", drain)
        consumer._thread.fetches = [{PLAIN: [make_record(7, b"", "plain")]}]
        (message,) = [pick_up(consumer, message) for message in await fetch(consumer)]
        message.ack(consumer)
        await consumer.on_partitions_revoked({PLAIN})
        assert consumer._thread.committed == {PLAIN: 8}

    async def test_a_worker_that_is_stopping_finishes_and_commits_before_its_partitions_go(
        self,
        app: App,
        consumer: SafeBatchConsumer,
        make_record: RecordFactory,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        committed_when_closed: list[dict[TP, int]] = []
        app._stopped.set()
        monkeypatch.setattr(
            consumer, "close", lambda: committed_when_closed.append(dict(consumer._thread.committed))
        )
        consumer._thread.fetches = [{PLAIN: [make_record(7, b"", "plain")]}]
        (message,) = [pick_up(consumer, message) for message in await fetch(consumer)]
        asyncio.get_running_loop().call_later(0.05, message.ack, consumer)
        await asyncio.wait_for(consumer.on_partitions_revoked({PLAIN}), timeout=20)
        assert committed_when_closed == [{PLAIN: 8}]

    async def test_the_app_knows_since_when_it_has_its_partitions(
        self, app: App, consumer: SafeBatchConsumer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def done(*_: object) -> None: ...

        monkeypatch.setattr(consumer, "_on_partitions_assigned", done)
        monkeypatch.setattr(consumer, "_on_partitions_revoked", done)
        monkeypatch.setattr(app, "on_rebalance_return", lambda: None)
        await consumer.on_partitions_assigned({LANE})
        assert app.assigned_at_s is not None
        await consumer.on_partitions_revoked({LANE})
        assert app.assigned_at_s is None

    async def test_what_is_read_while_a_recovered_worker_seeks_is_not_handed_out_to_be_cleared(
        self, consumer: SafeBatchConsumer, make_record: RecordFactory
    ) -> None:
        consumer._thread.fetches = [{PLAIN: [make_record(3, b"", "plain")]}]
        fetched: list[Message] = []

        async def fetch_meanwhile() -> None:
            fetched.extend(await fetch(consumer))

        reading: list[asyncio.Task[None]] = []
        consumer._thread.during_seek = lambda: reading.append(asyncio.create_task(fetch_meanwhile()))
        await consumer.perform_seek()
        await asyncio.sleep(0.01)
        assert fetched == []
        consumer.resume_flow()
        await asyncio.wait_for(reading[0], timeout=20)
        assert [message.offset for message in fetched] == [3]


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

    async def test_what_ends_while_a_commit_is_on_its_way_is_committed_after_it(
        self, consumer: SafeBatchConsumer, make_record: RecordFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        consumer._thread.fetches = [{LANE: [make_record(0)]}, {LANE: [make_record(1)]}]
        first, second = [pick_up(consumer, message) for _ in range(2) for message in await fetch(consumer)]
        commit, begun, may_end = consumer._thread.commit, asyncio.Event(), asyncio.Event()

        async def commit_slowly(offsets: dict[TP, int]) -> bool:
            begun.set()
            await may_end.wait()
            done: bool = await commit(offsets)
            return done

        monkeypatch.setattr(consumer._thread, "commit", commit_slowly)
        first.ack(consumer)
        periodic = asyncio.create_task(consumer.commit())
        await asyncio.wait_for(begun.wait(), timeout=20)
        second.ack(consumer)
        asyncio.get_running_loop().call_later(0.05, may_end.set)
        await asyncio.wait_for(consumer.wait_empty(), timeout=20)
        await periodic
        assert consumer._thread.committed == {LANE: 2}

    async def test_brokers_that_hang_do_not_hold_up_a_stop(
        self,
        consumer: SafeBatchConsumer,
        make_record: RecordFactory,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        async def hang(_: object) -> bool:
            await asyncio.Event().wait()
            return True

        monkeypatch.setattr(transport, "COMMIT_TIMEOUT_S", 0.01)
        monkeypatch.setattr(consumer._thread, "commit", hang)
        consumer._thread.fetches = [{LANE: [make_record(0)]}]
        (message,) = [pick_up(consumer, message) for message in await fetch(consumer)]
        message.ack(consumer)
        await asyncio.wait_for(consumer.wait_empty(), timeout=20)
        assert consumer._commits

    async def test_a_group_that_cannot_be_left_is_left_to_notice_by_itself(
        self, app: App, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def hang(_: object) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(transport, "LEAVE_TIMEOUT_S", 0.01)
        monkeypatch.setattr(AIOKafkaConsumerThread, "on_thread_stop", hang)
        await asyncio.wait_for(app.consumer._thread.on_thread_stop(), timeout=20)
