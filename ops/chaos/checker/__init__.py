"""Judges a run from outside: the history of what was sent, and the topics as any consumer would read them.

Shares no code with the streams or their contracts, on purpose: topic names and field names are written here a second
time, so that a mistake in the one cannot hide a mistake in the other. `python -m ops.chaos.checker` checks a history
against a running broker.

Read `events` (one record), `log` (all of them), `outcomes` (lost, conflicting), `order`, `recovery`, `verdict`.
"""

from ops.chaos.checker.events import Event, parse
from ops.chaos.checker.log import TopicLog
from ops.chaos.checker.verdict import Verdict, judge

__all__ = ["Event", "TopicLog", "Verdict", "judge", "parse"]
