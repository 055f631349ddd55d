"""Sends the workload at a set rate and records what Kafka accepted."""

import logging
import time
from collections.abc import Iterable
from functools import partial

from confluent_kafka import KafkaError, Producer
from confluent_kafka import Message as Delivered

from ops.chaos.checker.events import RAW
from ops.chaos.history import Accepted, HistoryWriter
from ops.chaos.workload import SOURCE, Kind, Message

__all__ = ["Load", "NotAccepted"]

_FLUSH_TIMEOUT_S = 120.0
_STOP_TIMEOUT_S = 2.0
_TRICKLE = 0.25
_MAX_BYTES = 2 * 1024 * 1024


class NotAccepted(Exception):
    """Kafka refused messages, or did not answer in time: whether those are in the log nobody knows."""


class Load:
    """`sent` counts what was handed to the client library so far, `is_over` says that no more will come.

    The rate is that of `run` until `brisk_until` messages are sent, a quarter of it from there on: who needs load for
    longer than it was planned moves the mark. Another thread may read and set these, and call `stop`.
    """

    def __init__(self, bootstrap: str, history: HistoryWriter) -> None:
        self.sent = 0
        self.is_over = False
        self.brisk_until = 0
        self._is_stopped = False
        self._history = history
        self._refused: list[str] = []
        silent = logging.getLogger("triage.chaos.load")
        silent.addHandler(logging.NullHandler())
        silent.propagate = False
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "partitioner": "murmur2_random",
                "message.timeout.ms": 0,  # an outage of the broker delays messages, it does not drop them
                "message.max.bytes": _MAX_BYTES,
                "linger.ms": 2,
                "reconnect.backoff.max.ms": 500,
            },
            logger=silent,
        )

    def run(self, messages: Iterable[Message], *, rate: float) -> None:
        """Send all messages, `rate` a second, and wait for their acknowledgement. Raises NotAccepted."""
        try:
            self._send_all(messages, rate)
        finally:
            self.is_over = True
        if self._producer.flush(_STOP_TIMEOUT_S if self._is_stopped else _FLUSH_TIMEOUT_S) or self._refused:
            raise NotAccepted(f"{len(self._producer)} unanswered, refused: {sorted(set(self._refused))}")

    def stop(self) -> None:
        """Send nothing more, and don't wait long for what is on its way."""
        self._is_stopped = True

    def _send_all(self, messages: Iterable[Message], rate: float) -> None:
        due_at = time.monotonic()
        for message in messages:
            # Reports are served while waiting: they hold the history back otherwise.
            self._producer.poll(0)
            while (wait_s := due_at - time.monotonic()) > 0:
                self._producer.poll(wait_s)
            if self._is_stopped:
                return
            self._send(message)
            due_at += 1 / (rate if self.sent < self.brisk_until else rate * _TRICKLE)

    def _send(self, message: Message) -> None:
        self._producer.produce(
            RAW,
            message.payload,
            message.patient.encode(),  # one raw partition for all messages of a patient: their order is known
            headers=list(message.headers),
            timestamp=round((time.time() + message.clock_error.total_seconds()) * 1000),
            on_delivery=partial(self._note, message),
        )
        self.sent += 1

    def _note(self, message: Message, error: KafkaError | None, record: Delivered) -> None:
        if error is not None:
            self._refused.append(error.name())
            return
        self._history.write(
            Accepted(
                number=message.number,
                kind=message.kind.value,
                source=SOURCE,
                message_id=message.message_id,
                content=message.content,
                is_poison=message.kind is Kind.POISON,
                partition=int(record.partition()),
                offset=int(record.offset()),
            )
        )
