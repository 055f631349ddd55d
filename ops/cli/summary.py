"""What became of the messages that were sent: counts, latencies, and whether anything is missing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rich.table import Table

from ops.cli.cases import Case, CaseBook
from ops.cli.outcomes import Identity, SentMessage, group_messages

__all__ = ["Summary", "summarize"]

_NONE: Mapping[Identity, Case] = {}


@dataclass(frozen=True, slots=True)
class Summary:
    """Outcome of `sent` messages.

    `missing` have no outcome yet, `duplicates` were copies, decided once, `earlier` were decided before they were
    sent, `contradicted` have two outcomes, or share their id with one that has. `copied_events` came again, as they
    may; `unreadable` counts records on our topics that are no event of theirs.
    """

    sent: int
    decided: int
    dead_letters: Counter[str]
    duplicates: int
    missing: int
    contradicted: int
    diagnoses: Counter[str]
    levels: Counter[int]
    provisional: int
    reviews: Counter[str]
    copied_events: int
    unreadable: int
    latencies_ms: tuple[float, ...]
    earlier: int = 0

    @property
    def complete(self) -> bool:
        """Every message has exactly one outcome: one diagnosis and one urgency, or one dead letter."""
        return self.missing == 0 and self.contradicted == 0

    def table(self) -> Table:
        """Return the summary for a terminal."""
        table = Table(box=None, show_header=False, pad_edge=False)
        latency = "none measured"
        if self.latencies_ms:
            p50, p99 = np.percentile(self.latencies_ms, [50, 99])
            latency = f"p50 {p50:.0f} ms, p99 {p99:.0f} ms (broker to broker)"
        for name, value in (
            ("messages sent", str(self.sent)),
            ("decided", f"{self.decided} (one diagnosis and one urgency each)"),
            ("decided earlier", str(self.earlier)),
            ("dead letters", _counts(self.dead_letters)),
            ("identical copies", str(self.duplicates)),
            ("missing", str(self.missing)),
            ("contradicted", str(self.contradicted)),
            ("diagnoses", _counts(self.diagnoses)),
            ("urgency levels", _counts(self.levels)),
            ("provisional", str(self.provisional)),
            ("reviews", _counts(self.reviews)),
            ("repeated events", str(self.copied_events)),
            ("unreadable records", str(self.unreadable)),
            ("latency", latency),
        ):
            table.add_row(name, value)
        return table


def summarize(
    book: CaseBook,
    sent: Sequence[SentMessage],
    origins: Mapping[int, str],
    earlier: Mapping[Identity, Case] = _NONE,
) -> Summary:
    """Count what became of `sent`; `origins` tells where each of them landed on the raw topic.

    Counts of labels, levels, reviews and times are of what was decided now, not `earlier`.
    """
    groups = list(group_messages(book, sent, origins, earlier))
    cases = [group.case for group in groups if group.case and not group.earlier]
    decided = [case for case in cases if case.complete]
    urgencies = [case.urgency for case in decided if case.urgency]
    reviews = [review for case in cases for review in case.reviews]
    return Summary(
        sent=len(sent),
        decided=len(decided),
        dead_letters=Counter(letter.reason.value for group in groups for letter in group.letters),
        duplicates=sum(group.copies for group in groups),
        missing=sum(group.missing for group in groups),
        contradicted=sum(group.is_contradicted for group in groups),
        diagnoses=Counter((case.diagnosis.label or "withheld") for case in decided if case.diagnosis),
        levels=Counter(urgency.level for urgency in urgencies),
        provisional=sum(urgency.provisional for urgency in urgencies),
        reviews=Counter(reason.value for review in reviews for reason in review.reasons),
        copied_events=book.copies.total(),
        unreadable=book.unreadable.total(),
        latencies_ms=tuple(case.latency_ms for case in decided if case.latency_ms is not None),
        earlier=sum(group.earlier for group in groups),
    )


def _counts(counter: Counter[str] | Counter[int]) -> str:
    parts = ", ".join(
        f"{name} {count}" for name, count in sorted(counter.items(), key=lambda item: str(item[0]))
    )
    return f"{counter.total()} ({parts})" if counter else "0"
