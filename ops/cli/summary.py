"""What became of the messages that were sent: counts, latencies, and whether anything is missing."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rich.table import Table

from ops.cli.cases import CaseBook
from schemas import DeadLetterReason

__all__ = ["SentMessage", "Summary", "summarize"]


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A payload that was sent. `identity` (source, message_id) is None where the payload has none."""

    index: int
    identity: tuple[str, str] | None

    @classmethod
    def of(cls, index: int, payload: bytes | None) -> "SentMessage":
        """Read the identity off a payload, if it can be read at all."""
        try:
            document = json.loads(payload or b"")
            return cls(index, (str(document["source"]), str(document["message_id"])))
        except (ValueError, KeyError, TypeError):
            return cls(index, None)


@dataclass(frozen=True, slots=True)
class Summary:
    """Outcome of `sent` messages. `missing` have no outcome yet; `duplicates` were copies, decided once."""

    sent: int
    decided: int
    dead_letters: Counter[str]
    duplicates: int
    missing: int
    diagnoses: Counter[str]
    levels: Counter[int]
    provisional: int
    reviews: Counter[str]
    copied_events: int
    latencies_ms: tuple[float, ...]

    @property
    def complete(self) -> bool:
        """Every message has exactly one diagnosis and one urgency, or one dead letter."""
        return self.missing == 0

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
            ("dead letters", _counts(self.dead_letters)),
            ("identical copies", str(self.duplicates)),
            ("missing", str(self.missing)),
            ("diagnoses", _counts(self.diagnoses)),
            ("urgency levels", _counts(self.levels)),
            ("provisional", str(self.provisional)),
            ("reviews", _counts(self.reviews)),
            ("repeated events", str(self.copied_events)),
            ("latency", latency),
        ):
            table.add_row(name, value)
        return table


def summarize(book: CaseBook, sent: Sequence[SentMessage], origins: Mapping[int, str]) -> Summary:
    """Count what became of `sent`; `origins` tells where each of them landed on the raw topic."""
    identities = {message.identity for message in sent if message.identity}
    cases = [book.cases[identity] for identity in identities if identity in book.cases]
    decided = [case for case in cases if case.complete]
    places = set(origins.values())
    letters = [
        letter
        for place, letter in book.dead_letters.items()
        if place in places or (letter.source, letter.message_id) in identities
    ]
    conflicts = sum(letter.reason is DeadLetterReason.MESSAGE_ID_CONFLICT for letter in letters)
    repeated = sum(message.identity is not None for message in sent) - len(identities)
    urgencies = [case.urgency for case in decided if case.urgency]
    reviews = [review for case in cases for review in case.reviews]
    return Summary(
        sent=len(sent),
        decided=len(decided),
        dead_letters=Counter(letter.reason.value for letter in letters),
        duplicates=repeated - conflicts,
        missing=sum(not _has_outcome(book, message, origins) for message in sent),
        diagnoses=Counter((case.diagnosis.label or "withheld") for case in decided if case.diagnosis),
        levels=Counter(urgency.level for urgency in urgencies),
        provisional=sum(urgency.provisional for urgency in urgencies),
        reviews=Counter(reason.value for review in reviews for reason in review.reasons),
        copied_events=book.copies.total(),
        latencies_ms=tuple(case.latency_ms for case in decided if case.latency_ms is not None),
    )


def _has_outcome(book: CaseBook, message: SentMessage, origins: Mapping[int, str]) -> bool:
    if origins.get(message.index) in book.dead_letters:
        return True
    case = book.cases.get(message.identity) if message.identity else None
    return case is not None and case.complete


def _counts(counter: Counter[str] | Counter[int]) -> str:
    parts = ", ".join(
        f"{name} {count}" for name, count in sorted(counter.items(), key=lambda item: str(item[0]))
    )
    return f"{counter.total()} ({parts})" if counter else "0"
