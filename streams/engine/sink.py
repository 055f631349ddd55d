"""Delivers outputs: librdkafka's producer as a Faust service on the event loop."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer
from mode import Service

from streams.engine.errors import DeliveryFailed
from streams.engine.log_limit import LogLimit
from streams.engine.stage import Output

__all__ = ["Sink"]

log = structlog.get_logger(__name__)

BUSY_POLL_S = 0.002
IDLE_POLL_S = 0.1
QUEUE_FULL_WAIT_S = 0.002
FLUSH_TIMEOUT_S = (
    1.0  # what chunks have sent is delivered by then, or they are abandoned: few outputs are left
)
DEFAULT_MAX_MESSAGE_BYTES = 1_000_000

DEFAULTS: Mapping[str, object] = {
    "acks": "all",
    "enable.idempotence": True,
    "linger.ms": 1,
    # the partitioner of the Java client and aiokafka: a key lands on one partition, whoever produces it
    "partitioner": "murmur2_random",
    "queue.buffering.max.messages": 500_000,
    "message.max.bytes": DEFAULT_MAX_MESSAGE_BYTES,
    # 0: never give up. While the brokers are away outputs stay queued, their chunks stay unacked, and
    # consumption pauses by back-pressure; any finite time would turn a long outage into a crash.
    "message.timeout.ms": 0,
}


class Sink(Service):
    """Produces batches of outputs in order, and tells when all of a batch is on its topics.

    `config`: librdkafka settings (`bootstrap.servers`, `security.protocol`, `sasl.*`, `ssl.*`,
    `message.max.bytes`, ...) over the defaults above. Delivery reports are served on the event loop: a thread
    of our own would contend for the interpreter lock, and futures may not be resolved from it.
    """

    def __init__(self, config: Mapping[str, object], **kwargs: Any) -> None:
        self._config = {**DEFAULTS, **config}
        self.max_message_bytes = int(str(self._config["message.max.bytes"]))
        self._producer: Producer | None = None
        self._batches: set[_Batch] = set()
        self._has_work = asyncio.Event()
        self._error_limit = LogLimit()
        super().__init__(**kwargs)

    async def on_start(self) -> None:
        """Create the producer here, not at import: it starts threads."""
        self._producer = Producer({**self._config, "error_cb": self._log_error}, logger=_LogBridge())

    async def send(self, outputs: Sequence[Output]) -> asyncio.Future[int]:
        """Queue a batch in order; returns a future of the number of outputs, done when all are delivered.

        Waits, without blocking the event loop, while librdkafka's local queue is full. The future fails with
        DeliveryFailed if any output of the batch is refused; others of it may have been delivered.
        """
        producer = self._producer
        if producer is None or self.should_stop:
            raise DeliveryFailed("SINK_STOPPED")
        batch = _Batch(len(outputs))
        self._batches.add(batch)
        batch.delivered.add_done_callback(lambda _: self._batches.discard(batch))
        self._has_work.set()
        try:
            for output in outputs:
                while not _queued(producer, output, batch):
                    producer.poll(0)
                    await asyncio.sleep(QUEUE_FULL_WAIT_S)
        except KafkaException as refusal:  # too large, or a fatal state of the producer
            batch.fail(refusal.args[0].name())
        except asyncio.CancelledError:
            batch.fail("SEND_CANCELLED")
            raise
        producer.poll(0)
        return batch.delivered

    @Service.task
    async def _serve_delivery_reports(self) -> None:
        while not self.should_stop:
            if self._producer is not None:
                self._producer.poll(0)
            if self._batches:
                await asyncio.sleep(BUSY_POLL_S)
                continue
            self._has_work.clear()
            await self.wait_first(self._has_work.wait(), timeout=IDLE_POLL_S)

    def _log_error(self, error: KafkaError) -> None:
        if self._error_limit.allows(error.code()):
            log.warning("sink_broker_error", code=error.name(), fatal=error.fatal())

    async def on_stop(self) -> None:
        """Flush for FLUSH_TIMEOUT_S; what is undelivered then fails, and its messages stay unacked."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        give_up_at = monotonic() + FLUSH_TIMEOUT_S
        while len(producer) and monotonic() < give_up_at:
            producer.poll(0)
            await asyncio.sleep(BUSY_POLL_S)
        if undelivered := len(producer):
            log.error("sink_stopped_undelivered", messages=undelivered)
            producer.purge()
            producer.poll(0)
        for batch in tuple(self._batches):
            batch.fail("SINK_STOPPED")


class _Batch:
    """Counts the delivery reports of one batch."""

    def __init__(self, size: int) -> None:
        self.delivered: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        # The sender may be cancelled before it awaits; its chunk is unacked then, which is all there is to
        # know.
        self.delivered.add_done_callback(lambda future: future.cancelled() or future.exception())
        self._size = size
        self._outstanding = size
        if not size:
            self.delivered.set_result(0)

    def report(self, error: KafkaError | None, _message: Message) -> None:
        """Called by librdkafka from `poll`, once per output."""
        self._outstanding -= 1
        if error is not None:
            self.fail(error.name())
        elif not self._outstanding and not self.delivered.done():
            self.delivered.set_result(self._size)

    def fail(self, code: str) -> None:
        if not self.delivered.done():
            self.delivered.set_exception(DeliveryFailed(code))


def _queued(producer: Producer, output: Output, batch: _Batch) -> bool:
    """Hand one output to librdkafka; False while its local queue is full."""
    topic, key, value, headers = output
    try:
        producer.produce(topic, value, key, headers=list(headers) or None, on_delivery=batch.report)
    except BufferError:
        return False
    return True


class _LogBridge(logging.Logger):
    """Passes librdkafka's log lines (broker addresses and states, never payloads) on to structlog."""

    def __init__(self) -> None:
        super().__init__("librdkafka")
        self._limit = LogLimit()

    def log(self, level: int, msg: object, *args: object, **_: Any) -> None:
        facility, client, line = args
        if self._limit.allows(facility):
            log.log(level, "librdkafka", facility=facility, client=client, line=line)
