"""Reads topics without a consumer group: from known offsets to the end, or single records. Blocks."""

from collections.abc import Iterator, Mapping, Sequence

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from streams.errors import Unavailable

__all__ = ["KafkaReader", "Place"]

Place = tuple[str, int, int]
"""Topic, partition, offset."""

_TIMEOUT_S = 10.0
_BATCH_RECORDS = 1_000


class KafkaReader:
    """One consumer, for one thread at a time. Every call raises Unavailable while the brokers don't answer."""

    def __init__(self, config: Mapping[str, object]) -> None:
        self._consumer = Consumer(
            {
                **config,
                "group.id": "triage-reader",  # required by the client; never committed to
                "enable.auto.commit": False,
                "auto.offset.reset": "error",  # a place that is gone must not become another one
                "fetch.wait.max.ms": 20,
            }
        )

    def read_on(
        self, topics: Sequence[str], positions: Mapping[tuple[str, int], int]
    ) -> Iterator[list[Message]]:
        """Yield batches from `positions` (else the oldest record) to the ends at the time of the call.

        All records of a batch are of one partition, in offset order.
        """
        for topic in topics:
            for partition in self.partitions(topic):
                begin, end = self._bounds(topic, partition)
                position = positions.get((topic, partition), begin)
                # beyond the end: the topic was made anew
                yield from self._read(topic, partition, position if begin <= position <= end else begin, end)

    def read_partition(self, topic: str, partition: int) -> Iterator[Message]:
        """Yield all records of a partition that are there at the time of the call."""
        for batch in self._read(topic, partition, *self._bounds(topic, partition)):
            yield from batch

    def read_at(self, place: Place) -> Message | None:
        """Return one record, or None where retention or a new topic has taken it."""
        topic, partition, offset = place
        begin, end = self._bounds(topic, partition)
        if not begin <= offset < end:
            return None
        for batch in self._read(topic, partition, offset, offset + 1):
            return batch[0] if batch[0].offset() == offset else None
        return None

    def offsets_at(self, topics: Sequence[str], timestamp_ms: int) -> dict[tuple[str, int], int]:
        """Return where each partition was at a time: its first record from then on, or its end."""
        places = [
            TopicPartition(topic, number, timestamp_ms)
            for topic in topics
            for number in self.partitions(topic)
        ]
        try:
            found = self._consumer.offsets_for_times(places, timeout=_TIMEOUT_S)
        except KafkaException as exc:
            raise Unavailable("brokers") from exc
        return {
            (place.topic, place.partition): place.offset
            if place.offset >= 0
            else self._bounds(place.topic, place.partition)[1]
            for place in found
        }

    def ends(self, topics: Sequence[str]) -> dict[tuple[str, int], int]:
        """Return where the next record of each partition will stand."""
        places = [(topic, number) for topic in topics for number in self.partitions(topic)]
        return {place: self._bounds(*place)[1] for place in places}

    def partitions(self, topic: str) -> list[int]:
        """The partitions of a topic."""
        try:
            described = self._consumer.list_topics(topic, _TIMEOUT_S).topics[topic]
        except KafkaException as exc:
            raise Unavailable("brokers") from exc
        if described.error is not None:
            raise Unavailable("brokers")
        return sorted(described.partitions)

    def close(self) -> None:
        """Close the connections."""
        self._consumer.close()

    def _read(self, topic: str, partition: int, begin: int, end: int) -> Iterator[list[Message]]:
        if begin >= end:
            return
        self._consumer.assign([TopicPartition(topic, partition, begin)])
        try:
            while begin < end:
                batch = self._consumer.consume(min(_BATCH_RECORDS, end - begin), _TIMEOUT_S)
                if not batch or any(record.error() is not None for record in batch):
                    raise Unavailable("brokers")
                begin = (batch[-1].offset() or 0) + 1
                yield batch
        except KafkaException as exc:
            raise Unavailable("brokers") from exc
        finally:
            self._consumer.unassign()

    def _bounds(self, topic: str, partition: int) -> tuple[int, int]:
        try:
            found: tuple[int, int] | None = self._consumer.get_watermark_offsets(
                TopicPartition(topic, partition), timeout=_TIMEOUT_S
            )
        except KafkaException as exc:
            raise Unavailable("brokers") from exc
        if found is None:
            raise Unavailable("brokers")
        return found
