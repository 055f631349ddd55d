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
from schemas import DeadLetter, DecidedBy, UrgencyAssessed

__all__ = ["REVIEW_MARK", "case_document", "case_json", "live_table", "urgency_cell"]

_LEVEL_STYLE = {1: "bold white on red", 2: "bold red", 3: "yellow", 4: "green", 5: "dim"}
_WIDTHS = {
    "time": 8,
    "patient": 8,
    "urgency": 7,
    "diagnosis": 13,
    "prob": 4,
    "rule": 18,
    "latency": 7,
    "review": 6,
}
"""Characters at least: a live table must not jump. Together they fit the usual 80."""
_FOLDED = ("diagnosis", "rule", "review")
"""Names that nobody bounds: where one is too wide it goes on in the next line, and is never cut."""
_NUMBERS = ("prob", "latency")
_REVIEWS_FROM = 100
"""Characters of a terminal with room for the reasons for review; below it a mark says that one is asked for."""
REVIEW_MARK = "yes"


@dataclass(frozen=True, slots=True)
class _LiveTable:
    rows: Iterable[Case | DeadLetter]
    unreadable: int
    head: bool

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        with_reasons = options.max_width >= _REVIEWS_FROM
        yield _table(self.rows, self.unreadable, with_reasons=with_reasons, head=self.head)


def live_table(
    rows: Iterable[Case | DeadLetter], *, unreadable: int = 0, head: bool = True
) -> RenderableType:
    """Return the newest cases and dead letters as a table, a row each, and what could not be read below.

    It is drawn for the width of the terminal that it is printed on. `head`: with the names of the columns.
    """
    return _LiveTable(rows, unreadable, head)


def _table(
    rows: Iterable[Case | DeadLetter], unreadable: int, *, with_reasons: bool, head: bool = True
) -> Table:
    caption = f"{unreadable} records could not be read" if unreadable else None
    gap = (0, 2 if with_reasons else 1, 0, 0)
    table = Table(
        box=None,
        padding=gap,
        pad_edge=False,
        caption=caption,
        caption_justify="left",
        collapse_padding=True,
        show_header=head,
    )
    for name, width in _WIDTHS.items():
        justify: Literal["left", "right"] = "right" if name in _NUMBERS else "left"
        table.add_column(name, no_wrap=name not in _FOLDED, overflow="fold", min_width=width, justify=justify)
    for row in rows:
        cells = _case_cells(row, with_reasons) if isinstance(row, Case) else _dead_letter_cells(row)
        table.add_row(*cells)
    return table


def _case_cells(case: Case, with_reasons: bool) -> list[Text]:
    urgency, diagnosis = case.urgency, case.diagnosis
    if urgency is None or diagnosis is None:
        return []
    by_rule = [rule.rule_id for rule in urgency.rules] if urgency.decided_by is DecidedBy.RULE else []
    reasons = sorted({reason.value for review in case.reviews for reason in review.reasons})
    latency = f"{case.latency_ms:.0f} ms" if case.latency_ms is not None else ""
    return [
        Text(_clock(case.decided_at)),
        Text(urgency.patient_id[:8]),
        urgency_cell(urgency),
        Text(diagnosis.label or "withheld"),
        Text(_probability(diagnosis.probabilities)),
        Text(by_rule[0] if by_rule else ""),
        Text(latency),
        Text(", ".join(reasons), style="dim") if with_reasons else Text(REVIEW_MARK if reasons else ""),
    ]


def urgency_cell(urgency: UrgencyAssessed) -> Text:
    """Return the level in its colour; a question mark says that it is provisional."""
    return Text(f"{urgency.level}{'?' if urgency.provisional else ''}", style=_LEVEL_STYLE[urgency.level])


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
    return json.dumps(case_document(row), ensure_ascii=False)


def case_document(case: Case) -> dict[str, object]:
    """Return a case for programs."""
    return {
        "message_id": case.message_id,
        "source": case.source,
        "diagnosis": case.diagnosis.model_dump(mode="json") if case.diagnosis else None,
        "urgency": case.urgency.model_dump(mode="json") if case.urgency else None,
        "review_reasons": [reason for review in case.reviews for reason in review.reasons],
        "latency_ms": case.latency_ms,
    }
