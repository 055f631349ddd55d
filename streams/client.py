"""Consume decisions, each event once: for dashboards and hospital systems.

    with DecisionConsumer({"bootstrap.servers": "kafka:9093", "group.id": "ward-board"}) as decisions:
        for received in decisions:
            show(received.event)

Topics are delivered at least once, so a copy of an event can follow. Copies have the same `event_id` and lie on the
same partition; the first by offset is the event. A later copy that says something else is counted as diverged and never
handed out.

An event counts as handled, and its offset may be committed, when the next one is asked for: after a crash the last one
comes again, none is left out. What was handled before the crash is recognised all the same, because the consumer reads
the ids of the last `remembered_events` of each partition back when it is given the partition.

Does not cover: copies further apart than that, or written under another pseudonym key (their partition differs).
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import structlog
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from pydantic import ValidationError

from schemas import DeadLetter, DiagnosisAssessed, ReviewRequested, UrgencyAssessed
from streams.errors import TriageError
from streams.leadership import until_led
from streams.topics import DEADLETTERS, DIAGNOSES, REVIEWS, URGENCIES, TopicDefinition

__all__ = ["DecisionConsumer", "ReceivedEvent", "UnreadableEvent"]

log = structlog.get_logger(__name__)

Decided = DiagnosisAssessed | UrgencyAssessed | ReviewRequested | DeadLetter

DECISION_TOPICS = (DIAGNOSES, URGENCIES, REVIEWS, DEADLETTERS)
REMEMBERED_EVENTS = 10_000
POLL_S = 0.5
_BROKER_TIMEOUT_S = 10.0

_REQUIRED: Mapping[str, object] = {
    # offsets are stored below when an event was handled, and committed in the background and at the end
    "enable.auto.offset.store": False,
    "enable.auto.commit": True,
    # one consumer gets the same partition of every topic, and with it all events of a patient
    "partition.assignment.strategy": "range",
}


class UnreadableEvent(TriageError):
    """A record does not follow its contract; the next call goes on behind it."""

    def __init__(self, topic: str, partition: int, offset: int) -> None:
        super().__init__(f"{topic}-{partition}@{offset}")
        self.topic = topic
        self.partition = partition
        self.offset = offset


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """One event with its place. `event` is None for a tombstone: forget what had this key."""

    topic: str
    partition: int
    offset: int
    appended_at: datetime
    key: bytes | None
    event: Decided | None


class DecisionConsumer:
    """Hands out each event once. `duplicates` and `diverged` count what was held back.

    `config`: librdkafka settings; `bootstrap.servers` and `group.id` are needed, TLS and SASL are set here too.
    One consumer belongs to one thread.
    """

    def __init__(
        self,
        config: Mapping[str, object],
        *,
        topics: Sequence[TopicDefinition] = DECISION_TOPICS,
        remembered_events: int = REMEMBERED_EVENTS,
    ) -> None:
        self.duplicates = 0
        self.diverged = 0
        self._contracts = {topic.name: topic.holds for topic in topics}
        self._remembered_events = remembered_events
        self._memories: dict[tuple[str, int], _Memory] = {}
        self._handed_out: Message | None = None
        # a new board begins with what is kept, not with what comes next
        self._consumer = Consumer({"auto.offset.reset": "earliest", **config, **_REQUIRED})
        self._consumer.subscribe(list(self._contracts), on_assign=self._assigned, on_revoke=self._revoked)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[ReceivedEvent]:
        return self

    def __next__(self) -> ReceivedEvent:
        while True:
            received = self.poll(POLL_S)
            if received is not None:
                return received

    def poll(self, timeout_s: float) -> ReceivedEvent | None:
        """Return the next event, or None where none came in time. The one before counts as handled.

        Raises UnreadableEvent for a record that breaks its contract, KafkaException for an error of the client.
        """
        self._store_handled()
        record = self._consumer.poll(timeout_s)
        if record is None:
            return None
        if (error := record.error()) is not None:
            if error.fatal():
                raise KafkaException(error)
            log.warning("decisions_interrupted", code=error.name())  # the client goes on by itself
            return None
        return self._receive(record)

    def close(self) -> None:
        """Leave the group. The event handed out last was not handled for sure: it comes again."""
        self._handed_out = None
        self._consumer.close()

    def _store_handled(self) -> None:
        if self._handed_out is not None:
            self._consumer.store_offsets(self._handed_out)
            self._handed_out = None

    def _receive(self, record: Message) -> ReceivedEvent | None:
        topic, partition, offset = _place(record)
        memory = self._memories.get((topic, partition))
        if memory is None:  # the assignment failed, and said so: without its memory nothing can be handed out
            raise KafkaException(f"{topic}-{partition} was not assigned")
        if offset < memory.handled_until:
            self._remember(memory, record)
            return None
        self._handed_out = record
        event = self._read(record)
        if event is not None and not self._is_first(memory, event):
            return None
        _, appended_ms = record.timestamp()
        appended_at = datetime.fromtimestamp(appended_ms / 1000, UTC)
        return ReceivedEvent(topic, partition, offset, appended_at, record.key(), event)

    def _read(self, record: Message) -> Decided | None:
        payload = record.value()
        if payload is None:
            return None
        topic, partition, offset = _place(record)
        try:
            event: Any = self._contracts[topic].model_validate_json(payload)
        except ValidationError:
            raise UnreadableEvent(topic, partition, offset) from None
        decided: Decided = event
        return decided

    def _remember(self, memory: "_Memory", record: Message) -> None:
        with suppress(UnreadableEvent):  # told in a former life
            event = self._read(record)
            if event is not None:
                memory.recall(event.event_id, _digest(event))

    def _is_first(self, memory: "_Memory", event: Decided) -> bool:
        said_the_same = memory.recall(event.event_id, _digest(event))
        if said_the_same is None:
            return True
        self.duplicates += 1
        if not said_the_same:
            self.diverged += 1
            log.error("decision_diverged", contract=event.contract, event_id=str(event.event_id))
        return False

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Begin each partition early enough to know the ids of what was handled before."""
        # KafkaException ends the poll
        committed = until_led(consumer.committed, partitions, timeout=_BROKER_TIMEOUT_S)
        for partition in committed:
            handled_until = max(partition.offset, 0)  # negative: nothing was committed
            oldest, end = until_led(consumer.get_watermark_offsets, partition, timeout=_BROKER_TIMEOUT_S)
            if handled_until > end:  # the topic was restored or made anew: what is there was never handled
                log.error("decisions_begin_anew", topic=partition.topic, partition=partition.partition)
                handled_until = 0
                partition.offset = oldest
            self._memories[partition.topic, partition.partition] = _Memory(
                self._remembered_events, handled_until
            )
            if handled_until:
                partition.offset = max(oldest, handled_until - self._remembered_events)
        consumer.assign(committed)

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        for partition in partitions:
            self._memories.pop((partition.topic, partition.partition), None)


@dataclass(slots=True)
class _Memory:
    """The newest event ids of one partition, each with a digest of what the event said."""

    capacity: int
    handled_until: int
    _digests: OrderedDict[UUID, bytes] = field(default_factory=OrderedDict)

    def recall(self, event_id: UUID, digest: bytes) -> bool | None:
        """None: never seen, and remembered from now on. Otherwise: did it say the same?"""
        first = self._digests.get(event_id)
        if first is not None:
            return first == digest
        self._digests[event_id] = digest
        if len(self._digests) > self.capacity:
            self._digests.popitem(last=False)
        return None


def _digest(event: Decided) -> bytes:
    """What copies must agree on: everything but when and by whom, and the seal of a payload."""
    told = event.model_dump_json(
        exclude={"occurred_at", "produced_by", "encrypted_payload", "payload_key_id"}
    )
    return hashlib.blake2b(told.encode(), digest_size=16).digest()


def _place(record: Message) -> tuple[str, int, int]:
    topic, partition, offset = record.topic(), record.partition(), record.offset()
    if topic is None or partition is None or offset is None:
        raise ValueError("a fetched record has a place")
    return topic, partition, offset
