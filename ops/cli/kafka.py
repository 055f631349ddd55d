"""A terminal's view of Kafka: send raw messages, follow the topics from now or from the start."""

from collections.abc import Callable, Iterable
from functools import partial

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)

from ops.quiet_kafka import quiet
from streams.topics import ALL_TOPICS, MESSAGES, RAW_MESSAGE_MAX_BYTES

__all__ = ["Follower", "Sender"]

_METADATA_TIMEOUT_S = 10.0
_FLUSH_TIMEOUT_S = 30.0
_QUEUE_FULL_WAIT_S = 0.1

Report = Callable[[KafkaError | None, Message], None]


class Sender:
    """Publishes raw payloads to triage.messages.v1 and remembers where each one landed."""

    def __init__(self, bootstrap: str) -> None:
        self._producer = Producer(
            quiet(
                {
                    "bootstrap.servers": bootstrap,
                    "enable.idempotence": True,
                    "message.max.bytes": RAW_MESSAGE_MAX_BYTES,
                    "linger.ms": 2,
                }
            )
        )
        self.origins: dict[int, str] = {}
        self._failures: list[str] = []
        self._queued = 0

    def send(self, payload: bytes | None, headers: list[tuple[str, bytes]] | None = None) -> int:
        """Queue one payload; return its index into `origins`, which knows its place once it is delivered."""
        index = self._queued
        self._queued += 1
        while not self._queue(payload, headers or [], partial(self._report, index)):
            self._producer.poll(_QUEUE_FULL_WAIT_S)  # deliveries make room
        self._producer.poll(0)
        return index

    def flush(self) -> None:
        """Wait for all deliveries. Raises KafkaException where one failed."""
        unsent = self._producer.flush(_FLUSH_TIMEOUT_S)
        if unsent or self._failures:
            raise KafkaException(f"{unsent + len(self._failures)} messages were not delivered")

    def _queue(self, payload: bytes | None, headers: list[tuple[str, bytes]], report: Report) -> bool:
        try:
            self._producer.produce(MESSAGES.name, payload, headers=headers, on_delivery=report)
        except BufferError:
            return False
        return True

    def _report(self, index: int, error: KafkaError | None, record: Message) -> None:
        if error is None:
            self.origins[index] = f"{record.topic()}-{record.partition()}-{record.offset()}"
        else:
            self._failures.append(error.name())


class Follower:
    """Reads all partitions of our event topics without a consumer group, so that it disturbs nobody."""

    def __init__(self, bootstrap: str, *, from_start: bool) -> None:
        self._consumer = Consumer(
            quiet(
                {
                    "bootstrap.servers": bootstrap,
                    "group.id": "triage-terminal",  # required by the client; never committed to
                    "enable.auto.commit": False,
                    "fetch.wait.max.ms": 50,
                }
            )
        )
        self._consumer.assign(list(self._positions(from_start)))

    def records(self, timeout_s: float = 0.1) -> list[Message]:
        """Return what has arrived, waiting up to `timeout_s`."""
        return [record for record in self._consumer.consume(500, timeout_s) if record.error() is None]

    def close(self) -> None:
        """Close the connection."""
        self._consumer.close()

    def _positions(self, from_start: bool) -> Iterable[TopicPartition]:
        metadata = self._consumer.list_topics(timeout=_METADATA_TIMEOUT_S)
        for topic in ALL_TOPICS:
            if topic is MESSAGES or topic.name not in metadata.topics:
                continue
            for partition in metadata.topics[topic.name].partitions:
                yield self._position(topic.name, partition, from_start)

    def _position(self, topic: str, partition: int, from_start: bool) -> TopicPartition:
        """An explicit end offset: the symbolic one is resolved later, and would miss what comes meanwhile."""
        if from_start:
            return TopicPartition(topic, partition, OFFSET_BEGINNING)
        _, end = self._consumer.get_watermark_offsets(
            TopicPartition(topic, partition), timeout=_METADATA_TIMEOUT_S
        )
        return TopicPartition(topic, partition, end)
