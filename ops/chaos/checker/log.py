"""What stood in the topics at the end, in the order in which the broker appended it to each partition."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ops.chaos.checker.events import DEADLETTERS, EXPRESS, STANDARD, Event

__all__ = ["TopicLog"]


@dataclass(slots=True)
class TopicLog:
    """`raw`: when each raw record was appended, by its place. `unreadable`: places of records that are no event."""

    raw: dict[str, int] = field(default_factory=dict)
    events: defaultdict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    unreadable: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, events: Iterable[Event], raw: dict[str, int] | None = None) -> "TopicLog":
        """Build a log, each partition's events in the order given."""
        log = cls(raw=raw or {})
        for event in events:
            log.events[event.topic].append(event)
        return log

    def lanes(self) -> Iterator[Event]:
        """Both lanes, each partition in order."""
        yield from self.events[EXPRESS]
        yield from self.events[STANDARD]

    def letters_by_raw_place(self) -> dict[str, list[Event]]:
        """The dead letters of each raw record, whichever stage wrote them."""
        raw_of = {event.place: event.origin for event in self.lanes()}
        letters: defaultdict[str, list[Event]] = defaultdict(list)
        for letter in self.events[DEADLETTERS]:
            origin = letter.origin or ""
            letters[raw_of.get(origin) or origin].append(letter)
        return dict(letters)
