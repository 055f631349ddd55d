"""The open dead letters of a topic: find them, read them, send them again, close them.

A letter is closed by a tombstone with its key, so the topic itself says what is still to be worked, whoever worked it.
Sending again comes first and closing after it: a crash in between leaves the letter open, and sending it twice decides
it once, because the message keeps its id.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from pydantic import ValidationError

from ops.cli.record_key import record_key
from schemas import DeadLetter, DeadLetterReason
from streams.envelope import CE_TYPE, TRACEPARENT
from streams.leadership import until_led
from streams.topics import DEAD_LETTER_MAX_BYTES, DEADLETTERS, MESSAGES

__all__ = ["Filter", "LetterBox", "NotKept", "OpenLetter"]

_TIMEOUT_S = 10.0
_FLUSH_TIMEOUT_S = 30.0
_REPLAYED_FROM = "triage_replayed_from"
_ANY_PARTITION = -1  # what the client calls it


class NotKept(Exception):
    """The letter holds no payload: there was none, or it was too large to keep."""


@dataclass(frozen=True, slots=True)
class OpenLetter:
    """A letter without its payload, and where the whole one stands."""

    letter: DeadLetter
    place: TopicPartition


@dataclass(frozen=True, slots=True)
class Filter:
    """Which letters are meant; what is None or empty does not restrict."""

    ids: tuple[str, ...] = ()
    reason: DeadLetterReason | None = None
    source: str | None = None
    since: datetime | None = None

    def admits(self, letter: DeadLetter) -> bool:
        """`ids` are beginnings of event ids."""
        return (
            (not self.ids or str(letter.event_id).startswith(self.ids))
            and self.reason in (None, letter.reason)
            and self.source in (None, letter.source)
            and (self.since is None or letter.occurred_at >= self.since)
        )


@dataclass(slots=True)
class LetterBox:
    """Reads without a consumer group: looking disturbs nobody."""

    config: Mapping[str, object]
    unreadable: int = 0
    _consumer: Consumer = field(init=False)
    _producer: Producer = field(init=False)

    def __post_init__(self) -> None:
        self._consumer = Consumer(
            {
                **self.config,
                "group.id": "triage-deadletters",  # required by the client; never committed to
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 50,
            }
        )
        self._producer = Producer(
            {
                **self.config,
                "enable.idempotence": True,
                "partitioner": "murmur2_random",  # the tombstone must meet its letter
                "message.max.bytes": DEAD_LETTER_MAX_BYTES,
            }
        )

    def open_letters(self, wanted: Filter) -> list[OpenLetter]:
        """Return the open letters that are meant, oldest first. Raises KafkaException."""
        found: dict[bytes, OpenLetter] = {}
        for record in self._all_records():
            key, value = record.key() or b"", record.value()
            if value is None:
                found.pop(key, None)
                continue
            try:
                letter = DeadLetter.model_validate_json(value)
            except ValidationError:
                self.unreadable += 1
                continue
            place = TopicPartition(DEADLETTERS.name, record.partition() or 0, record.offset() or 0)
            # a copy says the same; the newest is as good, and what it needs to be kept is little
            found[key] = OpenLetter(letter.model_copy(update={"encrypted_payload": None}), place)
        letters = [each for each in found.values() if wanted.admits(each.letter)]
        return sorted(letters, key=lambda each: each.letter.occurred_at)

    def sealed_payload(self, opened: OpenLetter) -> str:
        """Fetch the letter's payload, still encrypted. Raises NotKept or KafkaException."""
        self._consumer.assign([opened.place])
        record = self._consumer.poll(_TIMEOUT_S)
        if record is None or record.error() is not None or record.offset() != opened.place.offset:
            raise KafkaException(f"the letter at {opened.place} could not be read again")
        letter = DeadLetter.model_validate_json(record.value() or b"")
        if letter.encrypted_payload is None:
            raise NotKept
        return letter.encrypted_payload

    def send_again(self, letter: DeadLetter, payload: bytes) -> None:
        """Publish the payload where it came from, with its type and trace. Raises KafkaException.

        The raw topic's keys mean nothing. A record of another topic keeps its partition, and its key where the payload
        can be read.
        """
        topic = letter.origin.topic
        headers = [(_REPLAYED_FROM, str(letter.event_id).encode())]
        for name, value in ((CE_TYPE, letter.ce_type), (TRACEPARENT, letter.traceparent)):
            if value is not None:
                headers.append((name, value.encode()))
        partition = _ANY_PARTITION if topic == MESSAGES.name else letter.origin.partition
        self._deliver(topic, record_key(topic, payload), payload, headers, partition)

    def close_letter(self, letter: DeadLetter) -> None:
        """Mark the letter as worked. Raises KafkaException."""
        self._deliver(DEADLETTERS.name, str(letter.origin).encode(), None, [])

    def close(self) -> None:
        """Close the connections."""
        self._consumer.close()

    def _deliver(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: list[tuple[str, bytes]],
        partition: int = _ANY_PARTITION,
    ) -> None:
        failures: list[str] = []
        self._producer.produce(
            topic,
            value,
            key,
            partition,
            headers=headers,
            on_delivery=lambda error, _: failures.append(error.name()) if error else None,
        )
        if self._producer.flush(_FLUSH_TIMEOUT_S) or failures:
            raise KafkaException(f"not delivered to {topic}: {', '.join(failures) or 'timed out'}")

    def _all_records(self) -> Iterator[Message]:
        """Every record of the topic up to its end at the time of the call, partition by partition."""
        partitions = (
            self._consumer.list_topics(DEADLETTERS.name, _TIMEOUT_S).topics[DEADLETTERS.name].partitions
        )
        for partition in sorted(partitions):
            place = TopicPartition(DEADLETTERS.name, partition, OFFSET_BEGINNING)
            begin, end = until_led(self._consumer.get_watermark_offsets, place, timeout=_TIMEOUT_S)
            self._consumer.assign([place])
            while begin < end:
                record = self._consumer.poll(_TIMEOUT_S)
                if record is None or (error := record.error()) is not None:
                    raise KafkaException(error if record else "the topic's end did not come in time")
                begin = (record.offset() or 0) + 1
                yield record
