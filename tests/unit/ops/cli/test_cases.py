"""Events are joined into cases, copies are dropped, and a summary misses nothing."""

import json
from datetime import timedelta

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME

from ops.cli.cases import Case, CaseBook
from ops.cli.summary import SentMessage, summarize
from schemas import DeadLetter, DeadLetterReason, Event, Origin, event_id
from streams.domain.acuity import AcuityPolicy
from streams.domain.decide import decide
from streams.domain.events import decision_events
from streams.outgoing import event_output
from tests.unit.streams.factories import NOW, PRODUCER, admitted, profile, record


class FakeRecord:
    """What the book reads of a Kafka record."""

    def __init__(self, topic: str, value: bytes, delay_ms: int = 0) -> None:
        self._topic, self._value = topic, value
        self._timestamp_ms = int((NOW + timedelta(milliseconds=delay_ms)).timestamp() * 1000)

    def topic(self) -> str:
        return self._topic

    def value(self) -> bytes:
        return self._value

    def timestamp(self) -> tuple[int, int]:
        return TIMESTAMP_LOG_APPEND_TIME, self._timestamp_ms


def _events(message_id: str = "m1") -> list[FakeRecord]:
    message = admitted(message_id, language="zh")
    decision = decide(message, None, profile(), AcuityPolicy())
    events: list[Event] = [message]
    events += decision_events(message, decision, now=NOW, producer=PRODUCER, audit_share=0)
    outputs = [event_output(event, record(b"")) for event in events]
    return [FakeRecord(output.topic, output.value or b"", delay_ms=40) for output in outputs]


def _letter(origin: Origin) -> FakeRecord:
    letter = DeadLetter(
        event_id=event_id(DeadLetter.contract, "", str(origin)),
        reason=DeadLetterReason.NOT_JSON,
        origin=origin,
        occurred_at=NOW,
        produced_by=PRODUCER,
        payload_bytes=1,
        encrypted_payload="x",
        payload_key_id="k",
    )
    return FakeRecord(DeadLetter.contract, letter.model_dump_json().encode())


def _book(records: list[FakeRecord]) -> CaseBook:
    book = CaseBook()
    for item in records:
        book.add(item)
    return book


def test_a_case_is_complete_with_both_decisions_and_knows_its_latency() -> None:
    case = _book(_events()).cases["test", "m1"]
    assert case.complete
    assert case.latency_ms == 40
    assert len(case.reviews) == 1


def test_a_copy_is_counted_and_changes_nothing() -> None:
    book = _book([*_events(), *_events()])
    assert len(book.cases["test", "m1"].reviews) == 1
    assert book.copies.total() == 4


def test_half_a_case_is_not_complete() -> None:
    assert not _book(_events()[:2]).cases["test", "m1"].complete


def test_the_summary_counts_what_is_missing_and_what_died() -> None:
    origin = Origin(topic="triage.messages.v1", partition=0, offset=2)
    book = _book([*_events("m1"), _letter(origin)])
    identity = {"source": "test"}
    payloads = [json.dumps({**identity, "message_id": name}).encode() for name in ("m1", "m1", "m2")]
    sent = [SentMessage.of(i, payload) for i, payload in enumerate([*payloads, b"broken"])]
    summary = summarize(book, sent, {3: str(origin)})
    assert (summary.sent, summary.decided, summary.duplicates, summary.missing) == (4, 1, 1, 1)
    assert summary.dead_letters == {"not_json": 1}
    assert not summary.complete


def test_a_case_without_decisions_has_no_latency() -> None:
    assert Case("test", "m1").latency_ms is None
