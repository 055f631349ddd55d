"""The body of a batch agent: chunks overlap, outputs keep the order of their partition, acks follow
delivery."""

import asyncio
from collections import defaultdict
from time import monotonic
from typing import Any, TypeVar

import structlog

from streams.engine.chunk_size import ChunkSize
from streams.engine.errors import DeliveryFailed, StageFailed, frames_of
from streams.engine.processor import ChunkProcessor
from streams.engine.progress import Progress
from streams.engine.sink import Sink
from streams.engine.stage import RetryPolicy, Stage

__all__ = ["run_batches"]

log = structlog.get_logger(__name__)

UNDELIVERED_CHUNKS = 6
"""Chunks of one partition whose outputs may be on their way to the brokers, beside those in process."""

DELIVERY_GRACE_S = 1.0
"""How long an abandoned chunk may wait for outputs that it has begun to send."""

T = TypeVar("T")


async def run_batches(
    stream: Any,
    stage: Stage[T],
    *,
    sink: Sink,
    depth: int = 2,
    retry: RetryPolicy | None = None,
    progress: Progress | None = None,
) -> None:
    """Run `stage` over the stream of a BatchTopic until the agent stops.

    `depth`: chunks of one partition in process at a time; UNDELIVERED_CHUNKS more may have been handed to the
    brokers, so that a handler never waits for an acknowledgement. A partition at its limit holds up the other
    partitions of its topic, never those of another topic. `progress`: shared by streams that do the same work;
    messages that fail on one of them are dead letters while another gets messages through.

    | What happens | What follows |
    |---|---|
    | `decode` or `handle` raises Rejected | dead letter for that message, the others go on |
    | `handle` raises Unavailable | waits as long as it takes, with capped, jittered back-off |
    | `handle` raises anything else | tried again, then bisected; dead letter if one message is at fault |
    | every message of a chunk fails by itself while others get through | dead letters |
    | the same while nothing gets through, or the stage breaks its contract | the app crashes, nothing is acked |
    | an output cannot be delivered | the same |
    | the partition is revoked, or the app stops | chunks that outlast the drain are abandoned, and come again |
    """
    topic = stream.channel.get_topic_name()
    processor = ChunkProcessor(
        stage,
        topic=topic,
        policy=retry or RetryPolicy(),
        max_output_bytes=sink.max_message_bytes,
        progress=progress,
    )
    await ChunkRunner(stream, processor, sink, depth, stream.app.chunk_sizes[topic]).run()


class _Partition:
    """The line of one partition.

    What holds: chunks start in the order of the partition; each sends after the one before has sent, and none after
    one that failed. So outputs are on their topics in order, and a restart, which begins at the first chunk that is not
    acked, delivers nothing that should have come before what is there.
    """

    def __init__(self, depth: int) -> None:
        # a place from a chunk's start until it has sent, and one until it is acked or has failed
        self.in_process = asyncio.Semaphore(depth)
        self.unfinished = asyncio.Semaphore(depth + UNDELIVERED_CHUNKS)
        self.has_failed = False
        self.last_sent = asyncio.Event()  # of the chunk that started last
        self.last_sent.set()

    def pass_turn(self, sent: asyncio.Event) -> None:
        """The chunk of `sent` sends no more: the next one's turn."""
        sent.set()
        self.in_process.release()


class ChunkRunner:
    """Runs the chunks of one stream; see `run_batches`."""

    def __init__(
        self, stream: Any, processor: ChunkProcessor[Any], sink: Sink, depth: int, chunk_size: ChunkSize
    ) -> None:
        self._app = stream.app
        self._stream = stream.noack()
        self._processor = processor
        self._sink = sink
        self._chunk_size = chunk_size
        self._partitions: defaultdict[Any, _Partition] = defaultdict(lambda: _Partition(depth))
        self._chunks: set[asyncio.Task[None]] = set()
        self._sending: set[asyncio.Task[None]] = set()

    @property
    def waits_for(self) -> frozenset[str]:
        """The services without which this stream does not go on now."""
        return self._processor.waits_for

    async def run(self) -> None:
        """Start a task per chunk event until cancelled."""
        self._app.chunk_runners.add(self)
        try:
            async for event in self._stream.events():
                await self._start(event)
        finally:
            self._app.chunk_runners.discard(self)
            await self.abandon()

    async def abandon(self) -> None:
        """Cancel what is in process, unacked. The next chunks don't wait for it, as they overlap with it.

        A chunk that has begun to send gets DELIVERY_GRACE_S to finish: cancelled in the middle, it would send
        once more what is on its topics already.
        """
        self._partitions.clear()
        unfinished = self._chunks - {asyncio.current_task()}
        sending = unfinished & self._sending
        for chunk in unfinished - sending:
            chunk.cancel()
        if sending:
            _, stuck = await asyncio.wait(sending, timeout=DELIVERY_GRACE_S)
            for chunk in stuck:
                chunk.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)

    async def _start(self, event: Any) -> None:
        tp = event.message.tp
        partition = self._partitions[tp]
        await partition.unfinished.acquire()
        await partition.in_process.acquire()
        if self._partitions.get(tp) is not partition:
            return  # abandoned while it waited for its turn
        previous, sent = partition.last_sent, asyncio.Event()
        partition.last_sent = sent
        chunk = asyncio.create_task(self._run(event, partition, previous, sent))
        self._chunks.add(chunk)

        def leave_line(chunk: asyncio.Task[None]) -> None:  # also when it was cancelled before its first step
            self._chunks.discard(chunk)
            self._sending.discard(chunk)
            partition.unfinished.release()
            if not sent.is_set():
                partition.has_failed = True
                partition.pass_turn(sent)

        chunk.add_done_callback(leave_line)

    async def _run(
        self, event: Any, partition: _Partition, previous: asyncio.Event, sent: asyncio.Event
    ) -> None:
        try:
            await self._process(event, partition, previous, sent)
            return
        except asyncio.CancelledError as error:
            if _is_being_cancelled():
                raise
            failure: BaseException = error  # a handler's own cancellation would leave its partition stuck
        except BaseException as error:  # noqa: BLE001 - crashes the app, below; native code can panic
            failure = error
        partition.has_failed = True
        # Outside of the handlers: mode logs the exception being handled, whose text could quote a patient.
        await self._crash(event, failure)

    async def _process(
        self, event: Any, partition: _Partition, previous: asyncio.Event, sent: asyncio.Event
    ) -> None:
        began_s = monotonic()
        outputs = await self._processor.process(event.value)
        self._chunk_size.note(len(event.value), monotonic() - began_s)
        await previous.wait()
        if partition.has_failed:
            return
        if (chunk := asyncio.current_task()) is not None:
            self._sending.add(chunk)
        delivered = await self._sink.send(outputs)
        partition.pass_turn(sent)
        await delivered
        await self._stream.ack(event)

    async def _crash(self, event: Any, failure: BaseException) -> None:
        first, last = event.value[0], event.value[-1]
        log.error(
            "chunk_failed",
            error=type(failure).__name__,
            frames=frames_of(failure),
            topic=first.topic,
            partition=first.partition,
            first_offset=first.offset,
            last_offset=last.offset,
        )
        if not isinstance(failure, StageFailed | DeliveryFailed):
            failure = StageFailed(type(failure).__name__, first.topic, first.partition, first.offset)
        await self._app.crash(failure)


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
