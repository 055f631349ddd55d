"""The verdict on a run: figures, findings, and whether it passed."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from ops.chaos.checker.events import DIAGNOSES, EVENT_TOPICS, EXPRESS, STANDARD, URGENCIES
from ops.chaos.checker.log import TopicLog
from ops.chaos.checker.order import find_disorder
from ops.chaos.checker.outcomes import Outcomes, Span, find_outcomes
from ops.chaos.checker.recovery import Recovery, against_targets, by_kind, find_recoveries
from ops.chaos.history import History

__all__ = ["Verdict", "judge"]

_EXAMPLES = 10
_LEDGER_STORE = "redis"


@dataclass(frozen=True, slots=True)
class Verdict:
    """See `Outcomes` for the findings. `duplicates`: further copies of an event id, by topic.

    `versions`: how many messages each version of the model decided.
    """

    accepted: int
    kinds: dict[str, int]
    outcomes: Outcomes
    disorder: list[str]
    duplicates: dict[str, int]
    unreadable: list[str]
    recoveries: list[Recovery]
    versions: dict[str, int]

    @property
    def passed(self) -> bool:
        """Nothing lost, contradictory, out of order, from nowhere, or of the wrong kind."""
        found = self.outcomes
        findings = (
            found.lost,
            found.conflicting,
            found.phantoms,
            found.vanished,
            found.blamed,
            found.pardoned,
            found.unreviewed,
        )
        return not any((*findings, self.disorder, self.unreadable))

    @property
    def duplicate_rate(self) -> float:
        """Copies of decisions for each decided message and decision topic."""
        copies = self.duplicates.get(DIAGNOSES, 0) + self.duplicates.get(URGENCIES, 0)
        return round(copies / max(1, 2 * self.outcomes.decided), 4)

    def document(self) -> dict[str, Any]:
        """The verdict as JSON; lists are cut to a few examples."""
        found, kinds = self.outcomes, by_kind(self.recoveries)
        return {
            "passed": self.passed,
            "accepted": self.accepted,
            "decided": found.decided,
            "dead_lettered": found.dead_lettered,
            "copies": found.copies,
            "lost": len(found.lost),
            "duplicated": sum(self.duplicates.values()),
            "duplicate_rate": self.duplicate_rate,
            "conflicting": len(found.conflicting),
            "diverged": len(found.diverged),
            "lost_reviews": len(found.unreviewed),
            "order_violations": len(self.disorder),
            "dead_letters_of_valid_messages": len(found.blamed),
            "decided_poison": len(found.pardoned),
            "phantoms": len(found.phantoms),
            "vanished": len(found.vanished),
            "unreadable": len(self.unreadable),
            "faults": len(self.recoveries),
            "recovery_s": {kind: row["max"] for kind, row in kinds.items()},
            "recovery_by_kind": kinds,
            "targets": against_targets(kinds),
            "recoveries": [asdict(recovery) for recovery in self.recoveries],
            "decided_by_version": self.versions,
            "duplicated_by_topic": self.duplicates,
            "accepted_by_kind": self.kinds,
            "examples": self._examples(),
        }

    def _examples(self) -> dict[str, list[Any]]:
        found = self.outcomes
        findings: dict[str, list[Any]] = {
            "lost": found.lost,
            "conflicting": found.conflicting,
            "diverged": found.diverged,
            "lost_reviews": found.unreviewed,
            "order_violations": self.disorder,
            "dead_letters_of_valid_messages": found.blamed,
            "decided_poison": found.pardoned,
            "phantoms": found.phantoms,
            "vanished": found.vanished,
            "unreadable": self.unreadable,
        }
        return {name: items[:_EXAMPLES] for name, items in findings.items() if items}


def judge(history: History, log: TopicLog) -> Verdict:
    """Compare what was sent with what stands in the topics."""
    return Verdict(
        accepted=len(history.accepted),
        kinds=dict(sorted(Counter(record.kind for record in history.accepted).items())),
        outcomes=find_outcomes(history.accepted, log, _ledger_outages(history)),
        disorder=find_disorder(log),
        duplicates=_duplicates(log),
        unreadable=log.unreadable,
        recoveries=find_recoveries(history.faults, log),
        versions=_decided_by_version(log),
    )


def _decided_by_version(log: TopicLog) -> dict[str, int]:
    """A message that two versions decided counts for both; one that no model could read for none."""
    decided = {(event.message, version) for event in log.events[URGENCIES] for version in event.versions}
    return dict(sorted(Counter(version for _, version in decided).items()))


def _ledger_outages(history: History) -> list[Span]:
    return [
        (fault.began_at_ms, fault.ready_at_ms) for fault in history.faults if fault.target == _LEDGER_STORE
    ]


def _duplicates(log: TopicLog) -> dict[str, int]:
    """On a lane two records of one message are two events with one id: there the raw record tells copies apart."""
    duplicates = {}
    for topic in EVENT_TOPICS:
        events = log.events[topic]
        is_lane = topic in (EXPRESS, STANDARD)
        distinct = {(event.event_id, event.origin if is_lane else None) for event in events}
        duplicates[topic] = len(events) - len(distinct)
    return duplicates
