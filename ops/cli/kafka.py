"""A terminal's view of Kafka: send raw messages, follow the topics from now or from the start."""

import time
from collections.abc import Callable, Iterable, Mapping
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
from streams.leadership import until_led
from streams.topics import ALL_TOPICS, MESSAGES, RAW_MESSAGE_MAX_BYTES

__all__ = ["AWAY", "BACK", "Follower", "Sender"]

AWAY = "Kafka is away: waiting for it. What is decided appears when it is back."
BACK = "Kafka is back."

_METADATA_TIMEOUT_S = 10.0
_FLUSH_TIMEOUT_S = 30.0
_QUEUE_FULL_WAIT_S = 0.1
_ANSWER_TIMEOUT_S = 2.0
_ASK_EVERY_S = 1.0

Report = Callable[[KafkaError | None, Message], None]


class Sender:
    """Publishes raw payloads to triage.messages.v1 and remembers where each one landed.

    `config`: librdkafka settings that lead to the brokers.
    """

    def __init__(self, config: Mapping[str, object]) -> None:
        self._producer = Producer(
            quiet(
                {
                    **config,
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
    """Reads all partitions of our event topics without a consumer group, so that it disturbs nobody.

    `config`: as above. `told` hears, a line each, that the broker went away and that it is back.
    """

    def __init__(
        self,
        config: Mapping[str, object],
        *,
        from_start: bool,
        told: Callable[[str], None] | None = None,
    ) -> None:
        self._told = told
        self._is_away = self._is_suspected = False
        self._ask_at_s = 0.0
        self._consumer = Consumer(
            quiet(
                {
                    **config,
                    "group.id": "triage-terminal",  # required by the client; never committed to
                    "enable.auto.commit": False,
                    "fetch.wait.max.ms": 50,
                    "reconnect.backoff.max.ms": 1_000,
                    "error_cb": self._suspect,
                }
            )
        )
        self._consumer.assign(list(self._positions(from_start)))

    def records(self, timeout_s: float = 0.1) -> list[Message]:
        """Return what has arrived, waiting up to `timeout_s`, and longer where the broker seems to be away."""
        self._tell_where_the_broker_is()
        return [record for record in self._consumer.consume(500, timeout_s) if record.error() is None]

    def close(self) -> None:
        """Close the connection."""
        self._consumer.close()

    def _suspect(self, _: KafkaError) -> None:
        self._is_suspected = True

    def _tell_where_the_broker_is(self) -> None:
        """A client hears that a connection broke, which may mean little, and never that one is back: so ask."""
        is_due = (self._is_suspected or self._is_away) and time.monotonic() >= self._ask_at_s
        if self._told is None or not is_due:
            return
        self._is_suspected, was_away = False, self._is_away
        self._is_away = not self._answers()
        self._ask_at_s = time.monotonic() + _ASK_EVERY_S
        if self._is_away != was_away:
            self._told(AWAY if self._is_away else BACK)

    def _answers(self) -> bool:
        try:
            self._consumer.list_topics(MESSAGES.name, _ANSWER_TIMEOUT_S)
        except KafkaException:
            return False
        return True

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
        place = TopicPartition(topic, partition)
        # A broker that has just come back answers before it leads its partitions.
        _, end = until_led(self._consumer.get_watermark_offsets, place, timeout=_METADATA_TIMEOUT_S)
        return TopicPartition(topic, partition, end)
