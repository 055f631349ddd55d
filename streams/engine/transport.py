"""Faust's aiokafka transport, made safe and fast: chunk events, guarded commits, bounded waits.

Written against faust-streaming 0.15.3 and aiokafka 0.14; each override names the behaviour it replaces.
Private names are used because Faust offers no seam there: keep the version pinned and the kill test running.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.errors import IllegalStateError
from faust.transport.consumer import ensure_TP
from faust.transport.drivers.aiokafka import (
    AIOKafkaConsumerThread,
    Consumer,
    Transport,
    ensure_aiokafka_TP,
)
from faust.types import TP, ConsumerMessage, Message

from streams.engine.commit_guard import CommitGuard, TrackedMessages

__all__ = ["BatchTransport", "SafeBatchConsumer"]

log = structlog.get_logger(__name__)

FETCH_MAX_WAIT_MS = 100
PAUSED_POLL_TIMEOUT_S = 0.1
COMMIT_TIMEOUT_S = 1.0
LEAVE_TIMEOUT_S = 1.0


class BatchConsumerThread(AIOKafkaConsumerThread):
    """The thread that runs aiokafka."""

    def _create_worker_consumer(self, transport: Transport) -> AIOKafkaConsumer:
        """Wait at the broker for at most FETCH_MAX_WAIT_MS.

        Why: Faust hard-codes 1500 ms, aiokafka keeps one fetch per broker in flight, and a partition whose
        last records had not been taken when that fetch left is not part of it: its next message, however
        urgent, would wait for the fetch to return.
        """
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_MAX_WAIT_MS
        return consumer

    async def on_thread_stop(self) -> None:
        """Leave the group, or give up after LEAVE_TIMEOUT_S; the thread cancels what is left.

        Why: aiokafka waits for brokers that hang as long as for any request (90 s), and who asked this process to
        stop kills it before.
        """
        leaving = asyncio.ensure_future(super().on_thread_stop())
        await asyncio.wait({leaving}, timeout=LEAVE_TIMEOUT_S)
        if leaving.done():
            leaving.result()

    async def rewind(self, offsets: Mapping[TP, int]) -> None:
        """Fetch again from `offsets`; a position that lies before its offset already, or is not ours, stays.

        Why: `seek_to_committed`, which Faust uses, leaves a partition where it is while nothing (or 0) was
        committed.
        """
        await self.call_thread(self._rewind, offsets)

    async def _rewind(self, offsets: Mapping[TP, int]) -> None:
        consumer = self._ensure_consumer()
        for tp, offset in offsets.items():
            partition = ensure_aiokafka_TP(tp)
            # IllegalStateError: revoked meanwhile, and its next assignment begins at the committed offset
            with suppress(IllegalStateError):
                if await consumer.position(partition) > offset:
                    consumer.seek(partition, offset)


class SafeBatchConsumer(Consumer):
    """Hands out one event per chunk of a BatchTopic, and commits only below the lowest unacked message."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._guard = CommitGuard()
        self._unacked_messages = TrackedMessages(self._guard)
        self._undelivered: dict[TP, int] = {}
        self._commits: set[asyncio.Future[None]] = set()
        self._partition_resumed = asyncio.Event()

    def _new_consumer_thread(self) -> BatchConsumerThread:
        return BatchConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # Commits

    def _new_offset(self, tp: TP) -> int | None:
        """The offset to commit for a partition.

        Why: the base takes the first run of consecutive acked offsets and compares its start with the
        committed offset, but is off by one (`> 1`) and skips the comparison while nothing was committed or 0
        was, so that it commits past a message still in process (faust-streaming issue 606). Its lists of
        acked offsets are emptied here, as nothing else reads them.
        """
        self._acked.pop(tp, None)
        self._acked_index.pop(tp, None)
        return self._guard.committable_offset(tp)

    def _filter_tps_with_pending_acks(self, topics: Collection[TP | str] | None = None) -> Iterator[TP]:
        """Why: the base asks its lists of acked offsets. It empties them when partitions are revoked, before the
        last commit: what was done since the one before would be done again."""
        return (tp for tp in self._guard.partitions if topics is None or tp in topics or tp.topic in topics)

    async def _commit_offsets(self, offsets: Mapping[TP, int], start_new_transaction: bool = True) -> bool:
        """Why: the base notes offsets as committed also where the commit failed, as in a rebalance, and does not try
        them again: where nothing follows on a partition, its last messages would never count as done."""
        before = {tp: self._committed_offset[tp] for tp in offsets}
        did_commit: bool = await super()._commit_offsets(offsets, start_new_transaction)
        if not did_commit:
            self._committed_offset.update(before)
        return did_commit

    def committed_offsets(self) -> dict[TP, int | None]:
        """What is committed of each partition of this worker; None: nothing is yet."""
        return {tp: self._committed_offset[tp] for tp in self.assignment()}

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Why: the base expands gaps between offsets into acked ones; a chunk's event would be one gap of its
        size, and the guard needs none, because it compares messages, not consecutive numbers."""

    def ack(self, message: Message) -> bool:
        """Mark a message as finished.

        Why: the base leaves a message below the committed offset (redelivered, then acked) in the unacked
        set, and a drain would wait for it.
        """
        is_first_ack: bool = super().ack(message)
        self._unacked_messages.discard(message)
        return is_first_ack

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Why: positions restart at the committed offsets, so a message of the previous assignment must not
        hold or move the commit point any more, whenever it finishes."""
        self._guard.forget()
        self._buffered_partitions.clear()
        self.app.assigned_at_s = monotonic()
        await super().on_partitions_assigned(assigned, generation_id)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Drain also while the app stops. See `App.is_rebalance_stuck` for the time of the assignment: from here on the
        brokers are waited for, however long they are away.

        Why: a stopping app gives its partitions away at once. What the stop drains meanwhile is acked but can't be
        committed any more, and another worker does it again.
        """
        self.app.assigned_at_s = None
        if self.app.should_stop:
            await self.wait_empty()
        await super().on_partitions_revoked(revoked)

    async def perform_seek(self) -> None:
        """Seek to the committed offsets, with the flow stopped; who seeks resumes it.

        Why: after the recovery of a table Faust seeks while messages flow, and clears the queues then. What was
        read in between is gone, and commits pass it.
        """
        self.stop_flow()
        await super().perform_seek()

    async def wait_empty(self) -> None:
        """Let messages in process finish and commit them; abandon what the app's drain timeout leaves.

        Why: the base waits for ever. While a dependency is away no chunk finishes, so a rebalance would hold
        the whole group until the broker expels this member, and a stop would end in SIGKILL. An abandoned
        chunk is not acknowledged: it is delivered again, to whoever owns the partition then.
        """
        give_up_at = monotonic() + self.app.drain_timeout_s
        while not self.should_stop and self._unacked_messages and monotonic() < give_up_at:
            await self._commit_in_time()
            await self._wait_for_ack(timeout=1)
            self._clean_unacked_messages()
        if self._unacked_messages and not self.should_stop:
            log.warning("chunks_abandoned", messages=len(self._unacked_messages))
            await self.app.abandon_chunks()
            self._unacked_messages.clear()
        await self._commit_in_time()

    async def _commit_in_time(self) -> None:
        """Commit, but don't wait for brokers that hang: what stays uncommitted comes again.

        Why a task: Faust takes a cancelled wait for a commit for a reason to begin another one.
        """
        committing = asyncio.ensure_future(self._commit_all())
        self._commits.add(committing)
        committing.add_done_callback(self._commits.discard)
        await asyncio.wait({committing}, timeout=COMMIT_TIMEOUT_S)
        if committing.done():
            committing.result()

    async def _commit_all(self) -> None:
        """Commit what is done by now.

        Why: where a commit is on its way, Faust's waits for that one alone, which may have begun before the last ack.
        """
        await self.maybe_wait_for_commit_to_finish()
        await self.commit_and_end_transactions()

    # Fetching

    def on_buffer_drop(self, tp: TP) -> None:
        """Why: wakes `_wait_next_records` when there was no partition left to fetch from."""
        super().on_buffer_drop(tp)
        self._partition_resumed.set()

    async def _wait_next_records(self, timeout: float) -> tuple[Any, Any]:  # noqa: ASYNC109 - Faust's signature
        """Fetch from the partitions that are not paused.

        Why: with every partition paused the base sleeps for a second, and with some of them paused it waits
        that long for the others, while chunks which a resumed partition has ready lie in aiokafka's buffer.
        """
        if self.flow_active and not self.app.client_only and not self._get_active_partitions():
            self._partition_resumed.clear()
            await self.wait_first(self._partition_resumed.wait(), timeout=timeout)
            return {}, set()
        if self._buffered_partitions:
            timeout = min(timeout, PAUSED_POLL_TIMEOUT_S)
        fetched: tuple[Any, Any] = await super()._wait_next_records(timeout)
        return fetched

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:  # noqa: ASYNC109 - Faust's signature
        """Why: the base hands its live set to the other thread. aiokafka takes an empty set for "all
        partitions", so when the last one is paused during the wait, records of paused partitions come back
        and are dropped."""
        partitions = None if active_partitions is None else set(active_partitions)
        return await super()._getmany(partitions, timeout)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:  # noqa: ASYNC109 - Faust's signature
        """Yield messages, and one message per chunk for batch topics, round-robin over topics and partitions.

        Why: besides the chunks, the base reads the generation after the fetch, so that records fetched before
        a rebalance and returned after it pass as new ones; and what it drops (rebalance, pause) it either
        forgets or seeks back for while partitions are being reassigned. Here the generation is read first,
        and what was fetched but not handed out is fetched again once flow resumes.
        """
        if not self.flow_active:
            await self.wait(self.can_resume_flow)
        generation_id = self.app.consumer_generation_id
        if self._undelivered:
            offsets, self._undelivered = self._undelivered, {}
            await self._thread.rewind(offsets)
        records, active = await self._wait_next_records(timeout)
        fetched = self.scheduler.iterate(self._split(records or {}))
        try:
            for tp, item in fetched:
                is_wanted = active is None or tp in active or tp in self._buffered_partitions
                is_current = self.flow_active and self.app.consumer_generation_id == generation_id
                # once something of a partition is left out, so is what follows it: acks must not overtake it
                if tp in self._undelivered or not (is_wanted and is_current):
                    self._note_undelivered(tp, item)
                    continue
                self.app.monitor.track_tp_end_offset(tp, self.highwater(tp))
                yield tp, self._to_message(tp, item)
        finally:
            for tp, item in fetched:  # the caller went away in the middle
                self._note_undelivered(tp, item)

    def _note_undelivered(self, tp: TP, item: Any) -> None:
        first = item[0] if isinstance(item, list) else item
        self._undelivered[tp] = min(first.offset, self._undelivered.get(tp, first.offset))

    def _split(self, records: Mapping[TP, list[ConsumerRecord]]) -> dict[TP, list[Any]]:
        """Replace the records of batch topics by chunks of at most the topic's chunk size."""
        split: dict[TP, list[Any]] = {}
        for raw_tp, fetched in records.items():
            tp = ensure_TP(raw_tp)
            chunk_size = self.app.chunk_sizes.get(tp.topic)
            if chunk_size is None:
                split[tp] = fetched
                continue
            size = chunk_size.now
            unread = self._unread(tp, fetched)
            split[tp] = [unread[start : start + size] for start in range(0, len(unread), size)]
        return split

    def _unread(self, tp: TP, fetched: list[ConsumerRecord]) -> list[ConsumerRecord]:
        """Why: the base drops already read messages by the offset of the event, which for a chunk is its
        last."""
        read_offset = self._read_offset[tp]
        if read_offset is None or not fetched or fetched[0].offset >= read_offset:
            return fetched
        return [record for record in fetched if record.offset >= read_offset]

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        """Why: a chunk is one message with the offset of its last record, so that acking it acks all of
        them."""
        if not isinstance(record, list):
            return super()._to_message(tp, record)
        message = super()._to_message(tp, record[-1])
        message.value, message.key, message.headers = record, None, None
        return message


class BatchTransport(Transport):
    """aiokafka transport with SafeBatchConsumer."""

    Consumer = SafeBatchConsumer
