"""Matches sent messages with their outcomes: each must have exactly one."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ops.cli.cases import Case, CaseBook
from schemas import DeadLetter
from streams.topics import EXPRESS, STANDARD

__all__ = [
    "Identity",
    "MessageGroup",
    "SentMessage",
    "decision_for",
    "group_messages",
    "lane_letters",
    "same_content",
]

Identity = tuple[str, str]
"""Source and message id."""

_LANES = (EXPRESS.name, STANDARD.name)
_NONE: Mapping[Identity, Case] = {}


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A payload that was sent. `identity` (source, message_id) is None where the payload has none."""

    index: int
    identity: Identity | None

    @classmethod
    def of(cls, index: int, payload: bytes | None) -> "SentMessage":
        """Read the identity off a payload, if it can be read at all."""
        try:
            document = json.loads(payload or b"")
            return cls(index, (str(document["source"]), str(document["message_id"])))
        except (ValueError, KeyError, TypeError, RecursionError):
            return cls(index, None)


@dataclass(frozen=True, slots=True)
class MessageGroup:
    """The `sent` messages of one identity with all their outcomes; a message without one is its own group.

    One of the messages is decided, its identical copies with it; each other one has a dead letter of its own.
    `earlier`: messages that were decided before they were sent, here again. `diverged`: an event came twice and
    said different things. `unsettled`: messages of an id that is decided of which it is not known yet whether they are
    copies of the decided one.
    """

    sent: int
    case: Case | None
    letters: tuple[DeadLetter, ...]
    diverged: bool
    earlier: int = 0
    unsettled: int = 0

    @property
    def is_decided(self) -> bool:
        """One of the messages has both decisions, made now."""
        return not self.earlier and self.case is not None and self.case.complete

    @property
    def missing(self) -> int:
        """Messages without an outcome so far."""
        return self.unsettled if self.is_decided else max(0, self.sent - self.earlier - len(self.letters))

    @property
    def copies(self) -> int:
        """Messages that share the decision of another one."""
        return max(0, self.sent - 1 - len(self.letters) - self.unsettled) if self.is_decided else 0

    @property
    def is_contradicted(self) -> bool:
        """There is more than one outcome for a message."""
        decisions = (self.case.diagnosis, self.case.urgency) if self.case else ()
        outcomes = len(self.letters) + any(decision is not None for decision in decisions)
        return self.diverged or outcomes > self.sent


def group_messages(
    book: CaseBook,
    sent: Sequence[SentMessage],
    origins: Mapping[int, str],
    earlier: Mapping[Identity, Case] = _NONE,
) -> Iterator[MessageGroup]:
    """Yield one group for each identity; `origins` tells where each message landed on the raw topic.

    `earlier`: what was decided before the messages were sent.
    """
    named = lane_letters(book)
    members: defaultdict[Identity | int, list[SentMessage]] = defaultdict(list)
    for message in sent:
        members[message.identity or message.index].append(message)
    for messages in members.values():
        identity = messages[0].identity
        case = book.cases.get(identity) if identity else None
        before = earlier.get(identity) if identity else None
        places = [origins.get(message.index, "") for message in messages]
        # Admission's letters are found by the raw record's place; those of assessment have the lane's, and the ids.
        found = [book.dead_letters[place] for place in places if place in book.dead_letters]
        own = named[identity] if identity else []
        letters = {str(letter.origin): letter for letter in (*found, *own)}
        yield MessageGroup(
            sent=len(messages),
            case=case,
            letters=tuple(letters.values()),
            diverged=(case is not None and case.contradicted)
            or not book.contradicted_places.isdisjoint(letters),
            earlier=sum(
                case is not None
                and before is not None
                and decision_for(book, place, case, before) is not None
                for place in places
            ),
            unsettled=0 if case is None else _unsettled(book, case, places, len(own)),
        )


def _unsettled(book: CaseBook, case: Case, places: Sequence[str], refusals: int) -> int:
    """Count the messages at `places` that no letter of admission names, and that are not what was decided.

    Each has to be admitted, and, where it differs, one of the lanes' `refusals`.
    """
    if len(places) == 1:
        return 0
    rest = [book.digests.get(place) for place in places if place not in book.dead_letters]
    if case.is_ambiguous:
        return max(1, rest.count(None))
    decided = None if case.admitted is None else case.admitted.content_digest
    differ = sum(digest not in (None, decided) for digest in rest)
    return rest.count(None) + max(0, differ - refusals)


def lane_letters(book: CaseBook) -> defaultdict[Identity, list[DeadLetter]]:
    """Return the dead letters of assessment by the message that they name."""
    named: defaultdict[Identity, list[DeadLetter]] = defaultdict(list)
    for letter in book.dead_letters.values():
        if letter.origin.topic in _LANES and letter.source is not None and letter.message_id is not None:
            named[letter.source, letter.message_id].append(letter)
    return named


def same_content(book: CaseBook, place: str, first: Case) -> bool | None:
    """Whether the message at this place says what the first one of its id said; None where one is not known."""
    digest = book.digests.get(place)
    if digest is None or first.admitted is None:
        return None
    return digest == first.admitted.content_digest


def decision_for(book: CaseBook, place: str, case: Case, before: Case | None) -> Case | None:
    """Return the decision that holds for the message at this place: the first one of its id, if that says the same.

    An earlier one whose message the lanes have dropped by now holds once the message is decided again: consumers
    keep the first event of an id.
    """
    same = same_content(book, place, before or case)
    if same is False or place not in book.digests or (before or case).is_ambiguous:
        return None
    if before is not None and (same or case.complete):
        return before
    return case if case.complete else None
