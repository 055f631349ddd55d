"""Earlier decisions are found by the ids of their events, whatever else lies on the topics."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from ops.cli.earlier import decided_before
from schemas import DeadLetterReason, Lane, Origin
from tests.unit.ops.cli.test_cases import FakeRecord, events, letter
from tests.unit.streams.factories import NOW


class FakeReader:
    """Hands out all records as one batch, and counts how often it was asked."""

    def __init__(self, *records: FakeRecord) -> None:
        self.records, self.asked = list(records), 0

    def read_on(self, topics: Sequence[str], _: Mapping[Any, int]) -> Iterator[list[FakeRecord]]:
        self.asked += 1
        yield [record for record in self.records if record.topic() in topics]


def _found(*records: FakeRecord, wanted: str = "m1") -> list[str]:
    reader: Any = FakeReader(*records)
    return [message_id for _, message_id in decided_before(reader, {("test", wanted)})]


def test_a_decided_message_is_found_with_its_reviews_among_others() -> None:
    reader: Any = FakeReader(*events("other"), FakeRecord("triage.urgencies.v1", None), *events("m1"))
    ((identity, case),) = decided_before(reader, {("test", "m1")}).items()
    assert identity == ("test", "m1")
    assert case.complete
    assert case.reviews


def test_a_message_that_waits_for_its_decision_is_not_decided() -> None:
    assert _found(*events("m1")[:2]) == []
    assert _found(*events("m1"), wanted="m2") == []


def test_without_ids_nothing_is_read() -> None:
    reader: Any = FakeReader(*events("m1"))
    assert decided_before(reader, set()) == {}
    assert reader.asked == 0


def test_a_decision_is_about_the_message_that_was_not_refused() -> None:
    taken, *decisions = events("m1", content_digest="a" * 32)
    refused = events(
        "m1", content_digest="b" * 32, lane=Lane.EXPRESS, received_at=NOW - timedelta(seconds=1)
    )[0]
    origin = Origin(topic=refused.topic(), partition=0, offset=refused.offset())
    refusal = letter(origin, DeadLetterReason.MESSAGE_ID_CONFLICT, "m1")
    reader: Any = FakeReader(taken, refused, *decisions, refusal, *events("other"))
    ((_, case),) = decided_before(reader, {("test", "m1")}).items()
    assert case.admitted is not None
    assert case.admitted.content_digest == "a" * 32
