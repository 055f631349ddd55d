"""The live table cuts nothing off, whatever the width of the terminal."""

import io
from typing import Any

import pytest
from rich.console import Console

from ops.cli.cases import CaseBook
from ops.cli.tables import live_table
from schemas import DeadLetter, DeadLetterReason, Lane, Origin, RedFlag, ReviewRequested, event_id
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


LONG_RULE = "allergic_reaction_with_breathing_trouble"


def _drawn(width: int, **changes: Any) -> list[str]:
    book = CaseBook()
    for record in events(**changes):
        book.add(record)
    console = Console(file=io.StringIO(), width=width)
    console.print(live_table([*book.cases.values(), LETTER]))
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def _column(lines: list[str], name: str) -> str:
    """What stands below a header whose cells are aligned left, without the breaks between lines."""
    begin = lines[0].index(name)
    return "".join(line[begin:].split(" ")[0] for line in lines[1:])


@pytest.mark.parametrize("width", [80, 99, 100, 200])
def test_no_width_cuts_the_latency_off(width: int) -> None:
    header, case, letter, *_ = _drawn(width)
    assert "latency" in header
    assert "40 ms" in case
    assert "field_missing" in letter


@pytest.mark.parametrize("width", [80, 99, 100, 200])
def test_no_width_cuts_a_name(width: int) -> None:
    flag = RedFlag(rule_id=LONG_RULE, level_floor=1, guideline="g", start=0, end=1)
    lines = _drawn(width, lane=Lane.EXPRESS, red_flags=(flag,), text="")
    assert LONG_RULE in _column(lines, "rule")
    assert "patient_id" in " ".join(lines)
    assert "\N{HORIZONTAL ELLIPSIS}" not in "".join(lines)
    assert max(map(len, lines)) <= width


def test_a_wide_terminal_shows_why_a_review_is_asked_for() -> None:
    assert "unsupported_language" in _drawn(120)[1]


@pytest.mark.parametrize("width", [80, 99])
def test_a_narrow_terminal_marks_that_a_review_is_asked_for(width: int) -> None:
    header, asked, *_ = _drawn(width)
    assert asked[header.index("review") :] == "yes"


def test_without_a_review_there_is_no_mark() -> None:
    book = CaseBook()
    for record in events():
        if record.topic() != ReviewRequested.contract:
            book.add(record)
    console = Console(file=io.StringIO(), width=80)
    console.print(live_table(book.cases.values()))
    assert isinstance(console.file, io.StringIO)
    assert "yes" not in console.file.getvalue()
