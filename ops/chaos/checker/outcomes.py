"""What became of every accepted record: exactly one outcome, or a finding.

Records with the same source and message id form one message. Its outcomes must be: one diagnosis and one urgency;
identical copies add none; a record that uses the id again for another content is a dead letter. Poison is a dead
letter.

Whether an id was used before is known to a store which may be away; then messages pass rather than wait, and the
first decision by offset stands. That is counted apart, and only where the store was in fact away.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ops.chaos.checker.events import (
    DEADLETTERS,
    DIAGNOSES,
    EXPRESS,
    RAW,
    REVIEWS,
    STANDARD,
    URGENCIES,
    Event,
    message_key,
)
from ops.chaos.checker.log import TopicLog
from ops.chaos.history import Accepted

__all__ = ["Outcomes", "Span", "find_outcomes"]


@dataclass(slots=True)
class Outcomes:
    """Counts, and the records and messages behind every finding.

    `lost`: numbers of accepted records without an outcome. `conflicting`: messages with decisions or dead letters
    that contradict each other. `diverged`: the same where the sender used one id for two contents and the store of
    ids was away. `blamed`: valid records that became dead letters. `pardoned`: poison that was decided.
    `unreviewed`: messages whose decisions wait for a clinician whom nobody asked.
    `phantoms`: outcomes of what nobody sent. `vanished`: acknowledged records that the raw topic does not hold.
    """

    decided: int = 0
    dead_lettered: int = 0
    copies: int = 0
    lost: list[int] = field(default_factory=list)
    conflicting: list[str] = field(default_factory=list)
    diverged: list[str] = field(default_factory=list)
    blamed: list[int] = field(default_factory=list)
    pardoned: list[int] = field(default_factory=list)
    unreviewed: list[str] = field(default_factory=list)
    phantoms: list[str] = field(default_factory=list)
    vanished: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Decisions:
    """The distinct contents that each decision topic holds for a message, and the versions that all of them name."""

    diagnoses: frozenset[str]
    urgencies: frozenset[str]
    versions: frozenset[str]

    @property
    def complete(self) -> bool:
        return bool(self.diagnoses and self.urgencies)

    @property
    def contradictory(self) -> bool:
        return len(self.diagnoses) > 1 or len(self.urgencies) > 1 or len(self.versions) > 1


Span = tuple[int, int]
"""From and to, in milliseconds since the epoch."""

_UNDECIDED = _Decisions(frozenset(), frozenset(), frozenset())


def find_outcomes(accepted: Iterable[Accepted], log: TopicLog, outages: Sequence[Span] = ()) -> Outcomes:
    """Match what was accepted with what came out. `outages`: when the store of message ids was away."""
    records = list(accepted)
    found = Outcomes()
    letters = log.letters_by_raw_place()
    decisions = _decisions(log)
    for name, group in _messages(records).items():
        _judge_message(name, group, decisions.get(name, _UNDECIDED), letters, found)
    _judge_letters(letters, found)
    _judge_reviews(log, found)
    found.unreviewed += _unreviewed(log)
    _excuse(found, _reused(records), _spans(log), outages)
    known = {_name(record) for record in records} - {None}
    found.phantoms += sorted(decisions.keys() - known)
    found.phantoms += sorted(letters.keys() - {_place(record) for record in records})
    found.vanished += [record.number for record in records if _place(record) not in log.raw]
    found.lost.sort()
    return found


def _place(record: Accepted) -> str:
    return f"{RAW}-{record.partition}-{record.offset}"


def _name(record: Accepted) -> str | None:
    return message_key(record.source, record.message_id) if record.message_id is not None else None


def _messages(records: Iterable[Accepted]) -> dict[str, list[Accepted]]:
    groups: defaultdict[str, list[Accepted]] = defaultdict(list)
    for record in records:
        groups[_name(record) or _place(record)].append(record)
    return groups


def _decisions(log: TopicLog) -> dict[str, _Decisions]:
    versions = _versions(log)
    contents: dict[str, dict[str, set[str]]] = {}
    for topic in (DIAGNOSES, URGENCIES):
        for event in log.events[topic]:
            of_message = contents.setdefault(event.message or "", {DIAGNOSES: set(), URGENCIES: set()})
            of_message[topic].add(event.content)
    return {
        name: _Decisions(frozenset(found[DIAGNOSES]), frozenset(found[URGENCIES]), frozenset(versions[name]))
        for name, found in contents.items()
    }


def _versions(log: TopicLog) -> dict[str, set[str]]:
    """The versions of the model that the decisions and reviews of each message name."""
    versions: defaultdict[str, set[str]] = defaultdict(set)
    for topic in (DIAGNOSES, URGENCIES, REVIEWS):
        for event in log.events[topic]:
            versions[event.message or ""] |= event.versions
    return versions


def _judge_message(
    name: str,
    records: Sequence[Accepted],
    decisions: _Decisions,
    letters: Mapping[str, Sequence[Event]],
    found: Outcomes,
) -> None:
    dead = [record for record in records if _place(record) in letters]
    alive = [record for record in records if _place(record) not in letters]
    found.dead_lettered += len(dead)
    contents = {record.content for record in records}
    _note_surprises(records, dead, decisions, found, id_is_reused=len(contents) > 1)
    if not decisions.complete:
        found.lost += [record.number for record in alive]
        return
    found.decided += 1
    if decisions.contradictory or not alive:
        found.conflicting.append(name)
        return
    decided_content = alive[0].content
    found.copies += sum(record.content == decided_content for record in alive) - 1
    # One decision stands for one content: whatever else has no dead letter has no outcome.
    found.lost += [record.number for record in alive if record.content != decided_content]


def _note_surprises(
    records: Sequence[Accepted],
    dead: Sequence[Accepted],
    decisions: _Decisions,
    found: Outcomes,
    *,
    id_is_reused: bool,
) -> None:
    if not id_is_reused:
        found.blamed += [record.number for record in dead if not record.is_poison]
    if decisions != _UNDECIDED:
        found.pardoned += [record.number for record in records if record.is_poison]


def _judge_letters(letters: Mapping[str, Sequence[Event]], found: Outcomes) -> None:
    """Two dead letters of one record must say the same."""
    found.conflicting += [place for place, copies in letters.items() if len({c.content for c in copies}) > 1]


def _judge_reviews(log: TopicLog, found: Outcomes) -> None:
    """A review that is asked for twice must say the same both times."""
    contents: defaultdict[str, set[str]] = defaultdict(set)
    messages: dict[str, str] = {}
    for event in log.events[REVIEWS]:
        contents[event.event_id].add(event.content)
        messages[event.event_id] = event.message or event.place
    differing = {messages[event_id] for event_id, distinct in contents.items() if len(distinct) > 1}
    found.conflicting += sorted(differing - set(found.conflicting))


def _unreviewed(log: TopicLog) -> list[str]:
    """Messages with a decision that waits for a clinician, and without a request for one."""
    waiting = {
        e.message or e.place for topic in (DIAGNOSES, URGENCIES) for e in log.events[topic] if e.review
    }
    return sorted(waiting - {event.message for event in log.events[REVIEWS] if event.review})


def _excuse(
    found: Outcomes, reused: frozenset[str], spans: Mapping[str, Span], outages: Sequence[Span]
) -> None:
    """Move messages whose id was used twice, while nobody could know it, from `conflicting` to `diverged`."""

    def is_excused(name: str) -> bool:
        first, last = spans.get(name, (0, 0))
        return name in reused and any(first <= end and last >= begin for begin, end in outages)

    found.diverged += [name for name in found.conflicting if is_excused(name)]
    found.conflicting[:] = [name for name in found.conflicting if not is_excused(name)]


def _reused(records: Iterable[Accepted]) -> frozenset[str]:
    contents: defaultdict[str, set[str]] = defaultdict(set)
    for record in records:
        contents[_name(record) or _place(record)].add(record.content)
    return frozenset(name for name, distinct in contents.items() if len(distinct) > 1)


def _spans(log: TopicLog) -> dict[str, Span]:
    """From a message's first admission to its last outcome."""
    spans: dict[str, Span] = {}
    for topic in (EXPRESS, STANDARD, DIAGNOSES, URGENCIES, DEADLETTERS):
        for event in log.events[topic]:
            if event.message is not None:
                first, last = spans.get(event.message, (event.appended_at_ms, event.appended_at_ms))
                at = event.appended_at_ms
                spans[event.message] = (min(first, at), max(last, at))
    return spans
