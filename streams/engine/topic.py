"""A topic whose stream events carry a chunk of records of one partition, and the queue that holds them."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from faust.events import Event
from faust.topics import Topic
from faust.types import TP, EventT, Message
from mode.utils.queues import ThrowableQueue

from streams.engine.chunk_size import ChunkSize

__all__ = ["BatchTopic", "ChunkQueue"]


class ChunkQueue(ThrowableQueue):
    """Buffers at most about `maxsize` chunks per partition, and never blocks its producer.

    Why (mode.utils.queues, faust/transport/conductor.py and its Cython twin): the conductor awaits
    `channel.put()` when a queue is full, inside the one loop that delivers all partitions of all topics, so a
    full standard lane would stop the express lane as well. Faust's own limit is shared by all partitions of a
    topic and pauses only the partition that hits it, which lets the others fill the queue. Here each
    partition has its own limit and is paused at it; what the fetch in progress has already read of it is
    still accepted.
    """

    def __init__(self, maxsize: int, **kwargs: Any) -> None:
        super().__init__(maxsize, **kwargs)
        self._chunks: Counter[TP] = Counter()
        self._resume_callbacks: dict[TP, Callable[[], None]] = {}

    def full(self) -> bool:
        """Always False: the limit is kept by pausing the partition, not by blocking the conductor."""
        return False

    def put_nowait_enhanced(
        self,
        value: EventT,
        *,
        on_pressure_high: Callable[[], None],
        on_pressure_drop: Callable[[], None],
    ) -> bool:
        """Enqueue a chunk event; pauses its partition when that one has `maxsize` chunks waiting."""
        tp = value.message.tp
        self._chunks[tp] += 1
        is_at_limit: bool = self._chunks[tp] >= self.maxsize
        if is_at_limit:
            self._resume_callbacks[tp] = on_pressure_drop
            on_pressure_high()
        self.force_put_nowait(value)
        return is_at_limit

    def _get(self) -> EventT:
        """Hook of asyncio.Queue: every way out of the queue ends here. Resumes at half of the limit."""
        event = super()._get()
        tp = event.message.tp
        self._chunks[tp] -= 1
        if self._chunks[tp] <= self.maxsize // 2 and tp in self._resume_callbacks:
            self._resume_callbacks.pop(tp)()
        return event

    def clear(self) -> None:
        """Drop everything (rebalance, stop). Paused partitions resume: nothing of theirs waits here any
        more."""
        super().clear()
        self._chunks.clear()
        while self._resume_callbacks:
            self._resume_callbacks.popitem()[1]()


class BatchTopic(Topic):
    """A topic whose `event.value` is a list of 1..chunk_size aiokafka ConsumerRecords of one partition, in
    offset order.

    `chunk_size`: records per event, the grain of acknowledgement and redelivery; the transport asks it at each fetch.
    `maxsize`: chunks that may wait per partition.
    Faust's models, codecs, headers and per-message operators don't apply: a chunk is raw records.
    """

    _queue: ChunkQueue | None

    def __init__(self, app: Any, *, chunk_size: ChunkSize, maxsize: int, **kwargs: Any) -> None:
        if maxsize < 1:
            raise ValueError("maxsize must be at least 1")
        self.chunk_size = chunk_size
        super().__init__(app, maxsize=maxsize, **kwargs)

    def _clone_args(self) -> Mapping[str, Any]:
        """Why: Faust iterates over a clone of the topic, made from these arguments."""
        return {**super()._clone_args(), "chunk_size": self.chunk_size}

    def _compile_decode(self) -> None:
        """Why: the base replaces `decode` by a schema's, whose errors acknowledge the message unprocessed."""

    async def decode(self, message: Message, *, propagate: bool = False) -> EventT:
        """Wrap the chunk that SafeBatchConsumer put into `message.value`."""
        return Event(self.app, None, message.value, None, message)

    @property
    def queue(self) -> ChunkQueue:
        """The chunks waiting for this topic's stream."""
        if self._queue is None:
            self._queue = ChunkQueue(self.maxsize, flow_control=self.app.flow_control, clear_on_resume=True)
        return self._queue
