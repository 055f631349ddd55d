"""What became of each message that was sent, also where it was decided before."""

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from ops.cli.cases import Case, CaseBook
from ops.cli.outcomes import SentMessage
from ops.cli.sent_rows import SentRow, row_json, sent_rows, sent_table
from ops.cli.summary import Summary, summarize
from schemas import DeadLetterReason, Origin
from tests.unit.ops.cli.test_cases import FakeRecord, events, letter

LANE = "triage.standard.v1"


def _origin(offset: int, topic: str = "triage.messages.v1") -> Origin:
    return Origin(topic=topic, partition=0, offset=offset)


def _copy(offset: int, message_id: str = "m1", digest: str = "d" * 32) -> FakeRecord:
    """A message on its lane, admitted from this offset; assessment makes no event of a copy."""
    return events(message_id, origin=_origin(offset), content_digest=digest)[0]


def _conflict(offset: int) -> FakeRecord:
    return letter(_origin(offset, LANE), DeadLetterReason.MESSAGE_ID_CONFLICT, "m1")


def _decided_before(*records: FakeRecord) -> dict[tuple[str, str], Case]:
    book = CaseBook()
    for record in records or events("m1", origin=_origin(77)):
        book.add(record)
    return book.cases


def _told(
    records: list[FakeRecord], sent: int, earlier: dict[tuple[str, str], Case] | None = None
) -> tuple[list[SentRow], Summary]:
    """Send message m1 to the first offsets of the raw topic."""
    book = CaseBook()
    for record in records:
        book.add(record)
    payload = json.dumps({"source": "test", "message_id": "m1"}).encode()
    messages = [SentMessage.of(i, payload) for i in range(sent)]
    origins = {i: str(_origin(i)) for i in range(sent)}
    return sent_rows(book, messages, origins, earlier or {}), summarize(
        book, messages, origins, earlier or {}
    )


def test_a_message_that_was_decided_before_is_told_so_and_not_waited_for() -> None:
    (row,), summary = _told([_copy(0)], 1, _decided_before())
    assert row.outcome == "decided earlier"
    assert row.case is not None
    assert row.case.complete
    assert summary.complete
    assert (summary.earlier, summary.decided, summary.missing) == (1, 0, 0)
    assert (summary.levels, summary.latencies_ms) == ({}, ())


def test_what_is_not_admitted_yet_is_waited_for() -> None:
    (row,), summary = _told([], 1, _decided_before())
    assert (row.outcome, summary.missing) == ("no outcome", 1)


def test_other_content_under_the_id_of_a_decided_message_was_not_decided_earlier() -> None:
    (row,), summary = _told([_copy(0, digest="e" * 32)], 1, _decided_before())
    assert (row.outcome, summary.missing) == ("no outcome", 1)
    (row,), summary = _told([_copy(0, digest="e" * 32), _conflict(5)], 1, _decided_before())
    assert (row.outcome, summary.missing, summary.earlier) == ("dead letter", 0, 0)
    assert summary.complete


def test_a_message_and_another_one_of_its_id_have_an_outcome_each() -> None:
    records = [_copy(0, digest="e" * 32), _copy(1), _conflict(5)]
    rows, summary = _told(records, 2, _decided_before())
    assert [row.outcome for row in rows] == ["dead letter", "decided earlier"]
    assert summary.complete
    assert _told(records[:2], 2, _decided_before())[1].missing == 1


def test_a_decision_whose_message_the_lanes_dropped_holds_when_it_is_made_again() -> None:
    before = _decided_before(*events("m1")[1:])
    assert _told([_copy(0)], 1, before)[0][0].outcome == "no outcome"
    (row,), summary = _told(events("m1", origin=_origin(0)), 1, before)
    assert row.outcome == "decided earlier"
    assert summary.complete


def test_a_copy_in_the_same_file_is_told_apart_from_the_first() -> None:
    rows, summary = _told([*events("m1", origin=_origin(0)), _copy(1)], 2)
    assert [row.outcome for row in rows] == ["decided", "copy"]
    assert (summary.decided, summary.duplicates, summary.earlier) == (1, 1, 0)


def test_a_rejected_message_has_its_dead_letter() -> None:
    (row,), _ = _told([letter(_origin(0))], 1)
    assert (row.outcome, row.letter and row.letter.reason) == ("dead letter", "not_json")
    rejected = letter(_origin(4, LANE), DeadLetterReason.MODEL_REJECTED, "m1")
    (row,), _ = _told([_copy(0), rejected], 1)
    assert (row.outcome, row.letter and row.letter.reason) == ("dead letter", "model_rejected")


@pytest.mark.parametrize(
    ("records", "earlier", "filled"),
    [
        (events("m1", origin=_origin(0)), {}, {"decided_at", "diagnosis", "urgency", "latency_ms"}),
        ([_copy(0)], _decided_before(), {"decided_at", "diagnosis", "urgency"}),
        ([letter(_origin(0))], {}, {"dead_letter"}),
        ([], {}, set()),
    ],
    ids=["decided", "decided earlier", "dead letter", "no outcome"],
)
def test_a_program_finds_every_field_in_every_line(
    records: list[FakeRecord], earlier: dict[tuple[str, str], Case], filled: set[str]
) -> None:
    (row,), _ = _told(records, 1, earlier)
    document = json.loads(row_json(row))
    assert list(document) == [
        "number",
        "message_id",
        "source",
        "outcome",
        "decided_at",
        "diagnosis",
        "urgency",
        "review_reasons",
        "latency_ms",
        "dead_letter",
    ]
    optional = ("decided_at", "diagnosis", "urgency", "latency_ms", "dead_letter")
    assert {name for name in optional if document[name] is not None} == filled


def test_a_terminal_of_80_shows_a_row_each_with_whole_names() -> None:
    rows, _ = _told([_copy(0, digest="e" * 32), _copy(1), _conflict(5)], 2, _decided_before())
    console = Console(file=io.StringIO(), width=80)
    console.print(sent_table(rows))
    assert isinstance(console.file, io.StringIO)
    drawn = [line.rstrip() for line in console.file.getvalue().splitlines()]
    assert max(map(len, drawn)) <= 80
    assert "message_id_conflict" in "".join(drawn)
    assert drawn[-1].startswith("m1       decided earlier ")
    assert drawn[-1].endswith("yes")


def test_a_long_id_stays_whole_at_80() -> None:
    name = "0b5c7b1e-8f0f-4f7e-9a55-0123456789ab"
    (row,), _ = _told([_copy(0)], 1, _decided_before())
    console = Console(file=io.StringIO(), width=80)
    console.print(sent_table([replace(row, identity=("ward", name))]))
    assert isinstance(console.file, io.StringIO)
    assert f"\n{name} " in console.file.getvalue()
    assert "decided" in console.file.getvalue()
