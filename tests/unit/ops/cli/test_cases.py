"""Events are joined into cases, copies are dropped, and a summary misses nothing."""

import json
import secrets
from datetime import timedelta
from itertools import count, permutations
from typing import Any

import pytest
from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME

from ops.cli.cases import Case, CaseBook
from ops.cli.outcomes import SentMessage
from ops.cli.sent_rows import sent_rows
from ops.cli.summary import Summary, summarize
from schemas import DeadLetter, DeadLetterReason, Event, Lane, Origin, RedFlag, UrgencyAssessed, event_id
from streams.domain.acuity import AcuityPolicy
from streams.domain.decide import decide
from streams.domain.events import decision_events
from streams.outgoing import event_output
from tests.unit.streams.factories import NOW, PRODUCER, admitted, profile, record

FLAG = RedFlag(rule_id="chest-pain", level_floor=1, guideline="g", start=0, end=1)


__all__ = ["FakeRecord", "events", "letter"]


class FakeRecord:
    """What the book reads of a Kafka record; every one lies behind those made before it."""

    _offsets = count()

    def __init__(self, topic: str, value: bytes | None, delay_ms: int = 0) -> None:
        self._offset = next(self._offsets)
        self._topic, self._value = topic, value
        self._timestamp_ms = int((NOW + timedelta(milliseconds=delay_ms)).timestamp() * 1000)

    def topic(self) -> str:
        return self._topic

    def value(self) -> bytes | None:
        return self._value

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self._offset

    def timestamp(self) -> tuple[int, int]:
        return TIMESTAMP_LOG_APPEND_TIME, self._timestamp_ms


def events(message_id: str = "m1", *, delay_s: int = 0, **changes: Any) -> list[FakeRecord]:
    message = admitted(message_id, **{"language": "zh", **changes})
    decision = decide(message, None, profile(), AcuityPolicy())
    events: list[Event] = [message]
    events += decision_events(
        message, decision, now=NOW + timedelta(seconds=delay_s), producer=PRODUCER, audit_share=0
    )
    outputs = [event_output(event, record(b"")) for event in events]
    return [FakeRecord(output.topic, output.value or b"", delay_ms=40) for output in outputs]


def letter(
    origin: Origin, reason: DeadLetterReason = DeadLetterReason.NOT_JSON, message_id: str | None = None
) -> FakeRecord:
    made = DeadLetter(
        event_id=event_id(DeadLetter.contract, "", str(origin)),
        reason=reason,
        message_id=message_id,
        source="test" if message_id else None,
        origin=origin,
        occurred_at=NOW,
        produced_by=PRODUCER,
        payload_bytes=1,
        encrypted_payload=secrets.token_hex(8),
        payload_key_id="k",
    )
    return FakeRecord(DeadLetter.contract, made.model_dump_json().encode())


def _place(offset: int, topic: str = "triage.messages.v1") -> Origin:
    return Origin(topic=topic, partition=0, offset=offset)


def _summary(records: list[FakeRecord], *message_ids: bytes) -> Summary:
    """Send these messages to the first offsets of the raw topic; an empty id: a payload that has none."""
    payloads = [
        json.dumps({"source": "test", "message_id": name.decode()}).encode() if name else b"broken"
        for name in message_ids
    ]
    sent = [SentMessage.of(i, payload) for i, payload in enumerate(payloads)]
    return summarize(_book(records), sent, {i: str(_place(i)) for i in range(len(sent))})


def _book(records: list[FakeRecord]) -> CaseBook:
    book = CaseBook()
    for item in records:
        book.add(item)
    return book


def test_a_case_is_complete_with_both_decisions_and_knows_its_latency() -> None:
    case = _book(events()).cases["test", "m1"]
    assert case.complete
    assert case.latency_ms == 40
    assert len(case.reviews) == 1


def test_a_copy_is_counted_and_changes_nothing() -> None:
    book = _book([*events(), *events()])
    assert len(book.cases["test", "m1"].reviews) == 1
    assert book.copies.total() == 4


def test_half_a_case_is_not_complete() -> None:
    assert not _book(events()[:2]).cases["test", "m1"].complete


def test_the_summary_counts_what_is_missing_and_what_died() -> None:
    summary = _summary([*events("m1"), _again(1), letter(_place(3))], b"m1", b"m1", b"m2", b"")
    assert (summary.sent, summary.decided, summary.duplicates, summary.missing) == (4, 1, 1, 1)
    assert summary.dead_letters == {"not_json": 1}
    assert not summary.complete


def test_a_case_without_decisions_has_no_latency() -> None:
    assert Case("test", "m1").latency_ms is None


REJECTED = DeadLetterReason.MODEL_REJECTED
CONFLICT = DeadLetterReason.MESSAGE_ID_CONFLICT
EMPTY = DeadLetterReason.TEXT_EMPTY
LANE = "triage.standard.v1"


def _again(offset: int, **changes: Any) -> FakeRecord:
    """Message m1 on its lane once more, admitted from this offset."""
    return events("m1", origin=_place(offset), **changes)[0]


_OTHER = _again(1, content_digest="e" * 32)


@pytest.mark.parametrize(
    ("records", "message_ids"),
    [
        pytest.param(events("m1"), [b"m1"], id="decided"),
        pytest.param([*events("m1"), *events("m1", delay_s=9)], [b"m1"], id="decided, events repeated"),
        pytest.param(
            [*events("m1"), _again(1)], [b"m1", b"m1"], id="an identical copy is decided with the first"
        ),
        pytest.param([letter(_place(0))], [b""], id="an unreadable payload has a dead letter"),
        pytest.param([letter(_place(0), EMPTY, "m1")], [b"m1"], id="rejected by admission"),
        pytest.param(
            [letter(_place(0), EMPTY, "m1"), letter(_place(7), EMPTY, "m1")],
            [b"m1"],
            id="rejected by admission, as was another sender's record of this id",
        ),
        pytest.param([letter(_place(0)), letter(_place(0))], [b""], id="dead letter repeated, sealed anew"),
        pytest.param([letter(_place(7, LANE), REJECTED, "m1")], [b"m1"], id="rejected by assessment"),
        pytest.param(
            [*events("m1"), _OTHER, letter(_place(_OTHER.offset(), LANE), CONFLICT, "m1")],
            [b"m1", b"m1"],
            id="conflict, and decided",
        ),
    ],
)
def test_one_outcome_a_message_is_complete(records: list[FakeRecord], message_ids: list[bytes]) -> None:
    summary = _summary(records, *message_ids)
    assert (summary.missing, summary.contradicted) == (0, 0)
    assert summary.complete


@pytest.mark.parametrize(
    ("records", "message_ids"),
    [
        pytest.param([*events("m1"), letter(_place(0))], [b"m1"], id="decided and dead"),
        pytest.param([events("m1")[1], letter(_place(0))], [b"m1"], id="half decided and dead"),
        pytest.param(
            [*events("m1"), letter(_place(7, LANE), REJECTED, "m1")],
            [b"m1"],
            id="decided and rejected by assessment",
        ),
        pytest.param(
            [*events("m1"), *events("m1", text="", lane=Lane.EXPRESS, red_flags=(FLAG,))],
            [b"m1"],
            id="decided twice",
        ),
        pytest.param([letter(_place(0)), letter(_place(0), REJECTED)], [b""], id="dead for two reasons"),
        pytest.param(
            [letter(_place(7, LANE), REJECTED, "m1"), letter(_place(8, LANE), REJECTED, "m1")],
            [b"m1"],
            id="two dead letters",
        ),
    ],
)
def test_two_outcomes_of_a_message_are_not_complete(
    records: list[FakeRecord], message_ids: list[bytes]
) -> None:
    summary = _summary(records, *message_ids)
    assert (summary.missing, summary.contradicted) == (0, 1)
    assert not summary.complete


def test_a_payload_too_deep_to_read_has_no_identity() -> None:
    assert SentMessage.of(0, b"[" * 100_000).identity is None


def test_repeated_events_are_counted() -> None:
    assert _summary([*events("m1"), *events("m1", delay_s=9)], b"m1").copied_events == 4


@pytest.mark.parametrize("topic", [DeadLetter.contract, UrgencyAssessed.contract, LANE])
def test_a_tombstone_changes_nothing(topic: str) -> None:
    book = _book([FakeRecord(topic, None)])
    assert (book.cases, book.dead_letters, book.unreadable.total()) == ({}, {}, 0)


@pytest.mark.parametrize("topic", [DeadLetter.contract, UrgencyAssessed.contract, LANE])
def test_a_record_that_cannot_be_read_is_counted_and_the_next_one_is_read(topic: str) -> None:
    book = _book([FakeRecord(topic, b"\xff{"), *events()])
    assert book.unreadable == {topic: 1}
    assert book.cases["test", "m1"].complete


@pytest.mark.parametrize("refused_first", [False, True], ids=["refused second", "refused first"])
@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
def test_of_two_messages_of_an_id_on_two_lanes_it_waits_until_each_has_its_own_outcome(
    order: tuple[int, ...], *, refused_first: bool
) -> None:
    taken, *decisions = events("m1", origin=_place(0), content_digest="a" * 32)
    refused = _again(
        1,
        content_digest="b" * 32,
        lane=Lane.EXPRESS,
        red_flags=(FLAG,),
        received_at=NOW - timedelta(seconds=refused_first),
    )
    refusal = letter(_place(refused.offset(), refused.topic()), CONFLICT, "m1")
    arrivals = [[taken], [refused], decisions, [refusal]]
    book, payload = CaseBook(), json.dumps({"source": "test", "message_id": "m1"}).encode()
    sent, origins = [SentMessage.of(i, payload) for i in range(2)], {i: str(_place(i)) for i in range(2)}
    for number in order:
        for arrived in arrivals[number]:
            book.add(arrived)
        first, second = sent_rows(book, sent, origins, {})
        is_settled = first.outcome == "decided" and second.outcome == "dead letter"
        assert summarize(book, sent, origins).complete == is_settled
    admitted = book.cases["test", "m1"].admitted
    assert (admitted is not None, is_settled) == (True, True)
