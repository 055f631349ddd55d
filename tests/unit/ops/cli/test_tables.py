"""The live table keeps each case on one whole line, whatever the width of the terminal."""

import io

import pytest
from rich.console import Console

from ops.cli.cases import CaseBook
from ops.cli.tables import live_table
from schemas import DeadLetter, DeadLetterReason, Origin, event_id
from tests.unit.ops.cli.test_cases import events
from tests.unit.streams.factories import NOW, PRODUCER

LETTER = DeadLetter(
    event_id=event_id(DeadLetter.contract, "", "place"),
    reason=DeadLetterReason.FIELD_MISSING,
    path="patient_id",
    origin=Origin(topic="triage.messages.v1", partition=0, offset=1),
    occurred_at=NOW,
    produced_by=PRODUCER,
    payload_bytes=1,
    encrypted_payload="sealed",
    payload_key_id="k",
)
"""Its reason and path are wider than any rule."""


def _drawn(width: int) -> list[str]:
    book = CaseBook()
    for record in events():
        book.add(record)
    console = Console(file=io.StringIO(), width=width)
    console.print(live_table([*book.cases.values(), LETTER]))
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


@pytest.mark.parametrize("width", [80, 99, 100, 200])
def test_no_width_cuts_the_latency_off(width: int) -> None:
    header, case, letter = _drawn(width)
    assert "latency" in header
    assert "40 ms" in case
    assert "field_missing" in letter


def test_a_wide_terminal_shows_why_a_review_is_asked_for() -> None:
    assert "unsupported_language" in _drawn(120)[1]
    assert "review" not in _drawn(80)[0]
