"""Messages that flow through the stack, in front or beside a command, and every decision about them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from types import TracebackType
from typing import Self

from ops.cli.cases import Case
from ops.cli.kafka import Follower, Sender
from ops.cli.play import Playback, Row
from ops.cli.summary import Summary
from ops.learning.demo.clinicians import Judged
from ops.learning.demo.verdicts import BY_RULES, Decision
from ops.learning.demo.wards import WardMessage

__all__ = ["Flow"]

_WAIT_S = 300.0


class Flow:
    """One sender and one follower. `decided` grows as decisions come in, also while a command runs."""

    def __init__(self, bootstrap: str) -> None:
        self.decided: list[Case] = []
        self._messages: dict[str, WardMessage] = {}
        kafka = {"bootstrap.servers": bootstrap}
        self._playback = Playback(Sender(kafka), Follower(kafka, from_start=False), on_row=self._take)

    def play(self, messages: Iterator[WardMessage], count: int, *, per_s: float) -> list[Judged]:
        """Send the next `count` messages, wait for their decisions, and return those that are decided."""
        own = list(islice(messages, count))
        for message in own:
            self._send(message, 1 / per_s)
        self.wait()
        return self.judged([message.message_id for message in own])

    @contextmanager
    def beside(self, messages: Iterator[WardMessage], *, per_s: float) -> Iterator[None]:
        """Send messages, `per_s` a second, until the block is over. Raises what went wrong in sending."""
        done, failures = threading.Event(), []

        def go_on() -> None:
            try:
                while not done.is_set():
                    self._send(next(messages), 1 / per_s)
            except Exception as failure:  # noqa: BLE001  # raised again where the block ends
                failures.append(failure)

        thread = threading.Thread(target=go_on, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
        if failures:
            raise failures[0]

    def wait(self) -> Summary:
        """Read on until every message sent so far has its outcome, or it has been waited for."""
        return self._playback.wait(_WAIT_S)

    def decisions(self, since: int = 0) -> list[Decision]:
        """Return who decided what, from the decision of that number on, in the order of the broker's clock."""
        return sorted(map(_decision, self.decided[since:]), key=lambda decision: decision.at)

    def judged(self, names: list[str] | None = None) -> list[Judged]:
        """Return what was decided: about all messages, or those of these ids."""
        cases = {case.message_id: case for case in list(self.decided)}
        chosen = list(cases) if names is None else [name for name in names if name in cases]
        return [_judged(self._messages[name], cases[name]) for name in chosen]

    def _send(self, message: WardMessage, interval_s: float) -> None:
        self._messages[message.message_id] = message
        self._playback.play([message.payload], interval_s=interval_s)

    def _take(self, row: Row) -> None:
        if isinstance(row, Case):
            self.decided.append(row)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._playback.follower.close()


def _judged(message: WardMessage, case: Case) -> Judged:
    label = case.diagnosis.label if case.diagnosis is not None else None
    return Judged(message, label, case.urgency.level if case.urgency is not None else 0)


def _decision(case: Case) -> Decision:
    model = case.urgency.model if case.urgency is not None else None
    return Decision(
        BY_RULES if model is None else model.version, case.decided_at or datetime.max.replace(tzinfo=UTC)
    )
