"""The broker's side of a measurement: topics, records to work on, and the times at which it appended outputs.

Rates come from the broker's own clock (`LogAppendTime` of the outputs), so that nobody has to look on while a
worker runs.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from confluent_kafka import (
    Consumer,
    ConsumerGroupState,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import NewTopic, OffsetSpec

from ops.bench.job import PARTITIONS, PRODUCER
from ops.local.topics import admin_client

__all__ = ["Appended", "Broker"]

_TIMEOUT_S = 30.0
_TRIES, _RETRY_S = 5, 1.0
_READ_RECORDS = 5_000
_FILL_LINGER_MS = 100
"""Large batches: what a consumer is given at once should not depend on how it raced with this producer."""
_TOPIC_CONFIG = {"message.timestamp.type": "LogAppendTime"}


@dataclass(frozen=True, slots=True)
class Appended:
    """One record that the broker has taken. `appended_at_ms`: its clock, since the epoch."""

    key: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    appended_at_ms: int


class Broker:
    """Blocking. Every method raises KafkaException where the broker refuses."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self._admin = admin_client(bootstrap)

    @contextmanager
    def topics(self, *names: str) -> Iterator[None]:
        """Create topics, and delete them at the end."""
        new = [NewTopic(name, PARTITIONS, 1, config=_TOPIC_CONFIG) for name in names]
        for created in self._admin.create_topics(new).values():
            created.result(_TIMEOUT_S)
        try:
            yield
        finally:
            for deleted in self._admin.delete_topics(list(names)).values():
                deleted.result(_TIMEOUT_S)

    def fill(self, topic: str, values: Iterable[bytes]) -> int:
        """Deal values without a key to the partitions in turn; return how many there were."""
        count = 0
        with self.producer(linger_ms=_FILL_LINGER_MS) as producer:
            for count, value in enumerate(values, start=1):
                while True:
                    try:
                        producer.produce(topic, value, partition=count % PARTITIONS)
                        break
                    except BufferError:
                        producer.poll(0.01)
                producer.poll(0)
        return count

    @contextmanager
    def producer(self, *, linger_ms: int = 1) -> Iterator[Producer]:
        """A producer that has delivered everything at the end."""
        producer = Producer(
            {"bootstrap.servers": self.bootstrap, **PRODUCER, "linger.ms": linger_ms},
            logger=_silent_logger(),
        )
        yield producer
        if producer.flush(_TIMEOUT_S):
            raise KafkaException(KafkaError(KafkaError._MSG_TIMED_OUT))

    def ends(self, topic: str) -> list[int]:
        """Return the end offset of each partition: one request, however many there are."""
        wanted = {TopicPartition(topic, number): OffsetSpec.latest() for number in range(PARTITIONS)}
        for _ in range(_TRIES - 1):
            try:
                return self._ends(wanted)
            except KafkaException as error:
                if not error.args[0].retriable():
                    raise
                time.sleep(_RETRY_S)  # a broker short of CPU time can lose its leadership for a moment
        return self._ends(wanted)

    def _ends(self, wanted: Mapping[TopicPartition, OffsetSpec]) -> list[int]:
        found = self._admin.list_offsets(dict(wanted), request_timeout=_TIMEOUT_S)
        return [future.result(_TIMEOUT_S).offset for future in found.values()]

    def committed(self, group: str, topic: str) -> int:
        """Return the sum of the group's offsets on the topic."""
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        asked = self._admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group, partitions)])
        offsets = asked[group].result(_TIMEOUT_S).topic_partitions
        return sum(max(0, position.offset) for position in offsets)

    def is_stable(self, group: str, members: int) -> bool:
        """Whether the group has this many members and none is joining."""
        described = self._admin.describe_consumer_groups([group])[group]
        try:
            found = described.result(_TIMEOUT_S)
        except KafkaException:  # the group does not exist yet
            return False
        return found.state is ConsumerGroupState.STABLE and len(found.members) == members

    def read(
        self, topic: str, since: Sequence[int] | None = None, until: Sequence[int] | None = None
    ) -> list[Appended]:
        """Return everything on a topic, or what was appended between two of its `ends`."""
        ends = until or self.ends(topic)
        starts = since or [0] * PARTITIONS
        positions = [
            TopicPartition(topic, number, start)
            for number, (start, end) in enumerate(zip(starts, ends, strict=True))
            if start < end
        ]
        consumer = Consumer(
            {"bootstrap.servers": self.bootstrap, "group.id": "bench-reader", "enable.auto.commit": False},
            logger=_silent_logger(),
        )
        try:
            consumer.assign(positions)
            return list(
                _read(consumer, {position.partition: ends[position.partition] for position in positions})
            )
        finally:
            consumer.close()


def _silent_logger() -> logging.Logger:
    """The end of the broker, at the end of a benchmark, is no news."""
    logger = logging.getLogger("triage.bench.kafka")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return logger


def _read(consumer: Consumer, ends: dict[int, int]) -> Iterator[Appended]:
    while ends:
        for record in consumer.consume(_READ_RECORDS, 1.0):
            if record.error() is not None:
                raise KafkaException(record.error())
            yield _appended(record)
            if record.offset() + 1 >= ends.get(record.partition(), 0):
                ends.pop(record.partition(), None)


def _appended(record: Message) -> Appended:
    return Appended(record.key(), tuple(record.headers() or ()), record.timestamp()[1])
