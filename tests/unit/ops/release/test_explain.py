"""Which version decided a message is found by the message's id, whatever characters it has."""

from typing import Any

import pytest

from ops.release.explain import decisions_about
from schemas import Contract
from streams.domain.events import decision_events
from streams.ports import Priority
from streams.topics import DIAGNOSES, URGENCIES
from tests.unit.streams.factories import NOW, PRODUCER, admitted
from tests.unit.streams.test_assessment import FakeModel, make_assessment


class Record:
    def __init__(self, topic: str, event: Contract) -> None:
        self._topic, self._value = topic, event.model_dump_json().encode()

    def topic(self) -> str:
        return self._topic

    def value(self) -> bytes:
        return self._value

    def timestamp(self) -> tuple[int, int]:
        return 1, 1_790_000_000_000


class Reader:
    """Each topic has one partition."""

    def __init__(self, records: list[Record]) -> None:
        self.records = records

    def partitions(self, topic: str) -> list[int]:
        return [0]

    def read_partition(self, topic: str, partition: int) -> list[Record]:
        return [record for record in self.records if record.topic() == topic]


@pytest.mark.parametrize("message_id", ["m-1", 'a"b', "a\\b"])
async def test_a_decision_is_found_by_any_id(message_id: str) -> None:
    messages = [admitted(name) for name in (message_id, "other")]
    decisions = await make_assessment(FakeModel()).decide(messages, Priority.STANDARD)
    topics = {"triage.diagnoses.v1": DIAGNOSES.name, "triage.urgencies.v1": URGENCIES.name}
    records = [
        Record(topics[event.contract], event)
        for message, decision in zip(messages, decisions, strict=True)
        for event in decision_events(message, decision, now=NOW, producer=PRODUCER, audit_share=0.0)
        if event.contract in topics
    ]
    reader: Any = Reader([*records, *records])
    found = decisions_about(reader, message_id, None)
    assert [(each.message_id, each.kind) for each in found] == [
        (message_id, "diagnosis"),
        (message_id, "urgency"),
    ]
