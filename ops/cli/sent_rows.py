"""What became of each message that was sent, in the order of the file: a row for a reader, an object for a program."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from rich.table import Table
from rich.text import Text

from ops.cli.cases import Case, CaseBook
from ops.cli.outcomes import Identity, SentMessage, decision_for, lane_letters, same_content
from ops.cli.tables import REVIEW_MARK, case_document, urgency_cell
from schemas import DeadLetter, DeadLetterReason

__all__ = ["SentOutcome", "SentRow", "row_json", "sent_rows", "sent_table"]


class SentOutcome(StrEnum):
    """What a message came to."""

    DECIDED = "decided"
    DECIDED_EARLIER = "decided earlier"
    """The same message was decided before this run; this one changed nothing."""
    COPY = "copy"
    """The same message stands before it in the file, and was decided once."""
    DEAD_LETTER = "dead letter"
    NONE = "no outcome"
    """Not yet."""


@dataclass(frozen=True, slots=True)
class SentRow:
    """One message. `case`: the decision that holds for it; `letter`: why it has none."""

    number: int
    identity: Identity | None
    outcome: SentOutcome
    case: Case | None = None
    letter: DeadLetter | None = None


def sent_rows(
    book: CaseBook,
    sent: Sequence[SentMessage],
    origins: Mapping[int, str],
    earlier: Mapping[Identity, Case],
) -> list[SentRow]:
    """Return a row for each message, numbered from 1. `origins` tells where each landed on the raw topic."""
    letters = lane_letters(book)
    decided: set[Identity] = set()
    rows = []
    for number, message in enumerate(sent, start=1):
        identity, place = message.identity, origins.get(message.index, "")
        row = SentRow(number, identity, SentOutcome.NONE)
        if (letter := book.dead_letters.get(place)) is not None:
            row = replace(row, outcome=SentOutcome.DEAD_LETTER, letter=letter)
        elif identity is not None and (case := book.cases.get(identity)) is not None:
            before = earlier.get(identity)
            if same_content(book, place, before or case) is False:
                row = _dead(row, [one for one in letters[identity] if one.reason is _CONFLICT])
            elif (holds := decision_for(book, place, case, before)) is not None:
                outcome = SentOutcome.COPY if identity in decided else SentOutcome.DECIDED
                row = replace(row, outcome=SentOutcome.DECIDED_EARLIER if before else outcome, case=holds)
                decided.add(identity)
            else:
                row = _dead(row, [one for one in letters[identity] if one.reason is not _CONFLICT])
        rows.append(row)
    return rows


def _dead(row: SentRow, letters: Sequence[DeadLetter]) -> SentRow:
    """Messages of one id and the same fault have letters that say the same: the first will do."""
    return replace(row, outcome=SentOutcome.DEAD_LETTER, letter=letters[0]) if letters else row


def row_json(row: SentRow) -> str:
    """Return one line of JSON, with every field in every line."""
    source, message_id = row.identity or (None, None)
    document: dict[str, object] = {
        "number": row.number,
        "message_id": message_id,
        "source": source,
        "outcome": row.outcome.value,
        "decided_at": row.case.decided_at.isoformat() if row.case and row.case.decided_at else None,
        "diagnosis": None,
        "urgency": None,
        "review_reasons": [],
        "latency_ms": None,
    }
    if row.case is not None:
        document |= case_document(row.case)
        if row.outcome is not SentOutcome.DECIDED:  # it is the first one's
            document["latency_ms"] = None
    document["dead_letter"] = (
        {"reason": row.letter.reason.value, "path": row.letter.path} if row.letter else None
    )
    return json.dumps(document, ensure_ascii=False)


def sent_table(rows: Iterable[SentRow]) -> Table:
    """Return the rows for a terminal; where it is narrow, outcomes go on in the next line and names stay whole."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), collapse_padding=True)
    for name in ("message", "outcome", "urgency", "diagnosis", "review"):
        table.add_column(name, overflow="fold", no_wrap=name != "outcome")
    for row in rows:
        table.add_row(*_cells(row))
    return table


def _cells(row: SentRow) -> list[Text]:
    name = Text(row.identity[1] if row.identity else f"(message {row.number})")
    outcome = Text(row.outcome.value)
    if row.letter is not None:
        where = f" at {row.letter.path}" if row.letter.path else ""
        outcome = Text(f"{row.outcome.value}: {row.letter.reason.value}{where}", style="magenta")
    if row.case is None or row.case.urgency is None or row.case.diagnosis is None:
        return [name, outcome]
    if row.outcome is SentOutcome.DECIDED_EARLIER:
        outcome.append(f" {_when(row.case.decided_at)}")
    return [
        name,
        outcome,
        urgency_cell(row.case.urgency),
        Text(row.case.diagnosis.label or "withheld"),
        Text(REVIEW_MARK if row.case.reviews else ""),
    ]


def _when(moment: datetime | None) -> str:
    """The local time, with its date unless that is today's."""
    if moment is None:
        return ""
    local = moment.astimezone()
    return (
        f"{local:%H:%M:%S}"
        if local.date() == datetime.now().astimezone().date()
        else f"{local:%Y-%m-%d %H:%M:%S}"
    )


_CONFLICT = DeadLetterReason.MESSAGE_ID_CONFLICT
