"""Send messages into a running stack and follow what becomes of them."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ops.cli.cases import Case, CaseBook
from ops.cli.kafka import Follower, Sender
from ops.cli.outcomes import Identity, SentMessage
from ops.cli.sent_rows import SentRow, sent_rows
from ops.cli.summary import Summary, summarize
from schemas import DeadLetter

__all__ = ["Playback"]

Row = Case | DeadLetter


@dataclass(slots=True)
class Playback:
    """Plays payloads and collects their events. `on_row` hears of each finished case and each dead letter.

    `earlier`: decisions that were there before, of messages that are sent again.
    """

    sender: Sender
    follower: Follower
    on_row: Callable[[Row], None]
    book: CaseBook = field(default_factory=CaseBook)
    sent: list[SentMessage] = field(default_factory=list)
    earlier: Mapping[Identity, Case] = field(default_factory=dict)
    _shown: set[int] = field(default_factory=set)

    def play(self, payloads: Iterable[bytes], *, interval_s: float = 0.0) -> None:
        """Send all payloads, `interval_s` apart, and read events meanwhile."""
        for payload in payloads:
            self.send(payload)
            self.follow(interval_s)
        self.sender.flush()

    def send(self, payload: bytes | None, headers: list[tuple[str, bytes]] | None = None) -> None:
        """Send one payload and remember it."""
        self.sent.append(SentMessage.of(self.sender.send(payload, headers), payload))

    def wait(self, timeout_s: float) -> Summary:
        """Read events until every message has its outcome, or `timeout_s` is over."""
        self.sender.flush()
        deadline = time.monotonic() + timeout_s
        summary = self.summary()
        while summary.missing and time.monotonic() < deadline:
            self.follow(0.2)
            summary = self.summary()
        self.follow(_REVIEWS_S)
        return self.summary()

    def follow(self, duration_s: float) -> None:
        """Read events for `duration_s`."""
        deadline = time.monotonic() + duration_s
        while True:
            remaining_s = deadline - time.monotonic()
            for record in self.follower.records(max(0.0, min(remaining_s, 0.1))):
                self._take(self.book.add(record))
            if remaining_s <= 0:
                return

    def summary(self) -> Summary:
        """Count the outcomes so far."""
        return summarize(self.book, self.sent, self.sender.origins, self.earlier)

    def rows(self) -> list[SentRow]:
        """Return what became of each message so far."""
        return sent_rows(self.book, self.sent, self.sender.origins, self.earlier)

    def _take(self, row: Row | None) -> None:
        if row is None or id(row) in self._shown or (isinstance(row, Case) and not row.complete):
            return
        self._shown.add(id(row))
        self.on_row(row)


_REVIEWS_S = 0.3
"""A case's reviews are produced with its decisions; they may arrive a moment later."""
