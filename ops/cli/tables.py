"""How a case looks in a terminal."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from ops.cli.cases import Case
from schemas import DeadLetter, DecidedBy

__all__ = ["case_json", "live_table"]

_LEVEL_STYLE = {1: "bold white on red", 2: "bold red", 3: "yellow", 4: "green", 5: "dim"}
_WIDTHS = {"time": 8, "patient": 8, "urgency": 7, "diagnosis": 13, "prob": 4, "rule": 18, "latency": 7}
"""Characters: together they fit the usual 80."""
_REVIEWS_FROM = 100
"""Characters of a terminal with room for the reasons for review, too: squeezed in, they would cut off the latency."""
_NUMBERS = ("prob", "latency")


@dataclass(frozen=True, slots=True)
class _LiveTable:
    rows: Iterable[Case | DeadLetter]
    unreadable: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield _table(self.rows, self.unreadable, with_reviews=options.max_width >= _REVIEWS_FROM)


def live_table(rows: Iterable[Case | DeadLetter], *, unreadable: int = 0) -> RenderableType:
    """Return the newest cases and dead letters as a table, one line each, and what could not be read below.

    It is drawn for the width of the terminal that it is printed on.
    """
    return _LiveTable(rows, unreadable)


def _table(rows: Iterable[Case | DeadLetter], unreadable: int, *, with_reviews: bool) -> Table:
    caption = f"{unreadable} records could not be read" if unreadable else None
    table = Table(box=None, pad_edge=False, caption=caption, caption_justify="left")
    for name, width in _WIDTHS.items():
        justify: Literal["left", "right"] = "right" if name in _NUMBERS else "left"
        most = None if with_reviews else width
        table.add_column(name, no_wrap=True, min_width=width, max_width=most, justify=justify)
    if with_reviews:
        table.add_column("review", no_wrap=True, overflow="ellipsis")
    for row in rows:
        cells = _case_cells(row) if isinstance(row, Case) else _dead_letter_cells(row)
        table.add_row(*cells[: len(table.columns)])
    return table


def _case_cells(case: Case) -> list[Text]:
    urgency, diagnosis = case.urgency, case.diagnosis
    if urgency is None or diagnosis is None:
        return []
    level = f"{urgency.level}{'?' if urgency.provisional else ''}"
    by_rule = [rule.rule_id for rule in urgency.rules] if urgency.decided_by is DecidedBy.RULE else []
    reasons = {reason.value for review in case.reviews for reason in review.reasons}
    latency = f"{case.latency_ms:.0f} ms" if case.latency_ms is not None else ""
    return [
        Text(_clock(case.decided_at)),
        Text(urgency.patient_id[:8]),
        Text(level, style=_LEVEL_STYLE[urgency.level]),
        Text(diagnosis.label or "withheld"),
        Text(_probability(diagnosis.probabilities)),
        Text(by_rule[0] if by_rule else ""),
        Text(latency),
        Text(", ".join(sorted(reasons)), style="dim"),
    ]


def _dead_letter_cells(letter: DeadLetter) -> list[Text]:
    where = f" at {letter.path}" if letter.path else ""
    blank = Text("")
    return [
        Text(_clock(letter.occurred_at)),
        blank,
        Text("-"),
        Text("dead letter", style="magenta"),
        blank,
        Text(f"{letter.reason}{where}", style="magenta"),
        blank,
        blank,
    ]


def _clock(moment: datetime | None) -> str:
    return moment.astimezone().strftime("%H:%M:%S") if moment else ""


def _probability(probabilities: dict[str, float]) -> str:
    return f"{max(probabilities.values()):.2f}" if probabilities else ""


def case_json(row: Case | DeadLetter) -> str:
    """Return one line of JSON: what the table shows, for programs."""
    if isinstance(row, DeadLetter):
        return row.model_dump_json(include={"reason", "path", "origin", "message_id", "occurred_at"})
    merged: dict[str, object] = {"message_id": row.message_id, "source": row.source}
    merged["diagnosis"] = row.diagnosis.model_dump(mode="json") if row.diagnosis else None
    merged["urgency"] = row.urgency.model_dump(mode="json") if row.urgency else None
    merged["review_reasons"] = [reason for review in row.reviews for reason in review.reasons]
    merged["latency_ms"] = row.latency_ms
    return json.dumps(merged, ensure_ascii=False)
