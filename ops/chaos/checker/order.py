"""Order of one patient's messages within a lane, on first occurrences: copies may come in between.

Two steps are checked: a lane keeps the order of the raw partition, and each decision topic keeps the order of the
lane. All of a patient's messages have one raw key here, so one raw partition.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable

from ops.chaos.checker.events import DIAGNOSES, URGENCIES, Event
from ops.chaos.checker.log import TopicLog

__all__ = ["find_disorder"]

_Place = tuple[str, int]
"""A topic-partition and an offset in it."""


def find_disorder(log: TopicLog) -> list[str]:
    """The places of events that came before one that should precede them."""
    violations = []
    first_in_lane = _first_by_origin(log)
    lane_order: dict[tuple[str, bytes], list[_Place]] = defaultdict(list)
    for event in first_in_lane:
        lane_order[event.topic, event.key].append(_split(event.origin or ""))
    for (lane, _), places in lane_order.items():
        violations += [f"{lane} from {where}-{offset}" for where, offset in _late(places)]
    for topic in (DIAGNOSES, URGENCIES):
        violations += _disorder_of_decisions(log.events[topic], first_in_lane)
    return violations


def _first_by_origin(log: TopicLog) -> list[Event]:
    """The first lane event of each raw record."""
    seen: dict[str, Event] = {}
    for event in log.lanes():
        seen.setdefault(event.origin or event.place, event)
    return list(seen.values())


def _disorder_of_decisions(decisions: Iterable[Event], admitted: Iterable[Event]) -> list[str]:
    admitted = list(admitted)
    times_admitted = Counter(event.message for event in admitted)
    # A message that came in several times may be decided at any of them.
    place_in_lane = {event.message: event for event in admitted if times_admitted[event.message] == 1}
    order: dict[tuple[str, bytes], list[_Place]] = defaultdict(list)
    seen: set[str | None] = set()
    topic = ""
    for event in decisions:
        topic = event.topic
        source = place_in_lane.get(event.message)
        if event.message not in seen and source is not None:
            order[source.topic, event.key].append(_split(source.place))
        seen.add(event.message)
    return [f"{topic} from {where}-{offset}" for places in order.values() for where, offset in _late(places)]


def _split(place: str) -> _Place:
    where, _, offset = place.rpartition("-")
    return where, int(offset or -1)


def _late(places: Iterable[_Place]) -> list[_Place]:
    """Those that come after one with a higher offset of the same partition."""
    highest: dict[str, int] = {}
    late = []
    for where, offset in places:
        if offset < highest.get(where, -1):
            late.append((where, offset))
        highest[where] = max(offset, highest.get(where, -1))
    return late
