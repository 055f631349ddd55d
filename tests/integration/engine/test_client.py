"""The reference consumer on a real broker: each event once, the first by offset, across a crash too."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import monotonic
from uuid import UUID

import pytest
from confluent_kafka import Producer

from schemas import DiagnosisAssessed, UrgencyAssessed
from streams.client import DecisionConsumer, ReceivedEvent, UnreadableEvent
from streams.topics import DIAGNOSES, URGENCIES, TopicDefinition
from tests.integration.engine.support import Topics

pytestmark = pytest.mark.stack

GOLDEN = Path(__file__).parents[3] / "schemas" / "golden"
URGENCY = UrgencyAssessed.model_validate_json((GOLDEN / "triage.urgencies.v1.json").read_bytes())
DIAGNOSIS = DiagnosisAssessed.model_validate_json((GOLDEN / "triage.diagnoses.v1.json").read_bytes())
WAIT_S = 20.0

Consume = Callable[[], DecisionConsumer]


@pytest.fixture
def definitions(topics: Topics) -> tuple[TopicDefinition, TopicDefinition]:
    urgencies, diagnoses = topics.create("urgencies", "diagnoses", partitions=2)
    return replace(URGENCIES, name=urgencies), replace(DIAGNOSES, name=diagnoses)


@pytest.fixture
def consume(
    topics: Topics, definitions: tuple[TopicDefinition, TopicDefinition]
) -> Iterator[Callable[..., DecisionConsumer]]:
    opened = []

    def start(remembered_events: int = 100) -> DecisionConsumer:
        config = {"bootstrap.servers": topics.bootstrap, "group.id": f"board-{topics.suffix}"}
        opened.append(DecisionConsumer(config, topics=definitions, remembered_events=remembered_events))
        return opened[-1]

    yield start
    for consumer in opened:
        consumer.close()


def _urgency(number: int, *, level: int = 2, minutes_later: int = 0) -> bytes:
    changes = {
        "event_id": UUID(int=number),
        "level": level,
        "occurred_at": URGENCY.occurred_at + timedelta(minutes=minutes_later),
    }
    return URGENCY.model_copy(update=changes).model_dump_json().encode()


def _publish(topics: Topics, topic: str, *values: bytes | None) -> None:
    producer = Producer({"bootstrap.servers": topics.bootstrap})
    for value in values:
        producer.produce(topic, value, key=b"patient", partition=0)
    assert producer.flush(WAIT_S) == 0


def _take(consumer: DecisionConsumer, count: int) -> list[ReceivedEvent]:
    give_up_at = monotonic() + WAIT_S
    taken: list[ReceivedEvent] = []
    while len(taken) < count:
        assert monotonic() < give_up_at, f"{len(taken)} of {count} events came"
        received = consumer.poll(0.2)
        taken += [received] if received else []
    return taken


def _ids(received: list[ReceivedEvent]) -> list[int]:
    return [each.event.event_id.int for each in received if each.event is not None]


def test_a_copy_is_held_back_and_counted(
    topics: Topics, definitions: tuple[TopicDefinition, TopicDefinition], consume: Consume
) -> None:
    copy = _urgency(1, minutes_later=5)
    _publish(topics, definitions[0].name, _urgency(1), copy, _urgency(2), copy, _urgency(3))
    consumer = consume()
    assert _ids(_take(consumer, 3)) == [1, 2, 3]
    assert (consumer.duplicates, consumer.diverged) == (2, 0)


def test_a_copy_that_says_something_else_is_counted_as_diverged_and_never_shown(
    topics: Topics, definitions: tuple[TopicDefinition, TopicDefinition], consume: Consume
) -> None:
    _publish(topics, definitions[0].name, _urgency(1, level=2), _urgency(1, level=5), _urgency(2))
    consumer = consume()
    received = _take(consumer, 2)
    assert [each.event.level for each in received if isinstance(each.event, UrgencyAssessed)] == [2, 2]
    assert (consumer.duplicates, consumer.diverged) == (1, 1)


def test_after_a_restart_only_the_unhandled_event_comes_again_and_copies_are_still_known(
    topics: Topics, definitions: tuple[TopicDefinition, TopicDefinition], consume: Consume
) -> None:
    _publish(topics, definitions[0].name, _urgency(1), _urgency(2), _urgency(3))
    first = consume()
    assert _ids(_take(first, 3)) == [1, 2, 3]
    first.close()  # asked for no event behind 3: nobody knows whether that one was handled
    _publish(topics, definitions[0].name, _urgency(1), _urgency(4))
    second = consume()
    assert _ids(_take(second, 2)) == [3, 4]
    assert (second.duplicates, second.diverged) == (1, 0)


def test_what_lies_further_back_than_the_memory_is_shown_again(
    topics: Topics,
    definitions: tuple[TopicDefinition, TopicDefinition],
    consume: Callable[..., DecisionConsumer],
) -> None:
    _publish(topics, definitions[0].name, *(_urgency(number) for number in range(1, 6)), _urgency(1))
    assert _ids(_take(consume(remembered_events=3), 6)) == [1, 2, 3, 4, 5, 1]


def test_a_tombstone_is_handed_out_with_its_key(
    topics: Topics, definitions: tuple[TopicDefinition, TopicDefinition], consume: Consume
) -> None:
    _publish(topics, definitions[0].name, _urgency(1), None)
    _, tombstone = _take(consume(), 2)
    assert (tombstone.event, tombstone.key) == (None, b"patient")


def test_a_record_that_breaks_its_contract_is_told_and_passed(
    topics: Topics, definitions: tuple[TopicDefinition, TopicDefinition], consume: Consume
) -> None:
    _publish(topics, definitions[0].name, b"{}", _urgency(1))
    consumer = consume()
    with pytest.raises(UnreadableEvent) as told:
        _take(consumer, 1)
    assert told.value.offset == 0
    assert _ids(_take(consumer, 1)) == [1]


def test_events_of_several_contracts_come_typed(
    topics: Topics, definitions: tuple[TopicDefinition, TopicDefinition], consume: Consume
) -> None:
    _publish(topics, definitions[0].name, _urgency(1))
    _publish(topics, definitions[1].name, DIAGNOSIS.model_dump_json().encode())
    events = {type(each.event) for each in _take(consume(), 2)}
    assert events == {UrgencyAssessed, DiagnosisAssessed}
