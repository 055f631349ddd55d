"""Reads all topics from their beginning, as a consumer that knows nothing of the streams."""

import logging

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

from ops.chaos.checker.events import EVENT_TOPICS, RAW, UnreadableEvent, parse
from ops.chaos.checker.log import TopicLog

__all__ = ["TopicReader"]

_METADATA_TIMEOUT_S = 30.0
_BATCH = 2000


class TopicReader:
    """Reads on with every call of `read`; `log` holds what was read so far."""

    def __init__(self, bootstrap: str) -> None:
        self.log = TopicLog()
        silent = logging.getLogger("triage.chaos.reader")
        silent.addHandler(logging.NullHandler())
        silent.propagate = False
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "triage-chaos-checker",  # required by the client; never committed to
                "enable.auto.commit": False,
                "reconnect.backoff.max.ms": 500,
            },
            logger=silent,
        )
        topics = self._consumer.list_topics(timeout=_METADATA_TIMEOUT_S).topics
        self._consumer.assign(
            [
                TopicPartition(name, partition, OFFSET_BEGINNING)
                for name in (RAW, *EVENT_TOPICS)
                for partition in topics[name].partitions
            ]
        )

    def read(self, timeout_s: float) -> int:
        """Read what is there, waiting up to `timeout_s` for the first of it; how many records it was."""
        records = [record for record in self._consumer.consume(_BATCH, timeout_s) if record.error() is None]
        for record in records:
            self._add(record)
        return len(records)

    def is_at_end(self) -> bool:
        """Whether everything that the broker held when it last answered has been read."""
        for at in self._consumer.position(self._consumer.assignment()):
            # What the last fetch said: asking for each partition would wait behind the fetch that is under way.
            _, end = self._consumer.get_watermark_offsets(at, cached=True)
            if end < 0 or max(at.offset, 0) < end:  # a position is negative until something was read
                return False
        return True

    def close(self) -> None:
        """Close the connection."""
        self._consumer.close()

    def _add(self, record: Message) -> None:
        topic, partition, offset = str(record.topic()), int(record.partition()), int(record.offset())
        appended_at_ms = int(record.timestamp()[1])
        if topic == RAW:
            self.log.raw[f"{topic}-{partition}-{offset}"] = appended_at_ms
            return
        try:
            event = parse(topic, partition, offset, appended_at_ms, record.key(), record.value())
        except UnreadableEvent as error:
            self.log.unreadable.append(str(error))
        else:
            self.log.events[topic].append(event)
