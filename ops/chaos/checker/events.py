"""One record of a topic, as far as the checker needs it."""

import json
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

__all__ = [
    "DEADLETTERS",
    "DIAGNOSES",
    "EVENT_TOPICS",
    "EXPRESS",
    "RAW",
    "REVIEWS",
    "STANDARD",
    "URGENCIES",
    "Event",
    "UnreadableEvent",
    "message_key",
    "parse",
]

RAW = "triage.messages.v1"
EXPRESS = "triage.express.v1"
STANDARD = "triage.standard.v1"
DIAGNOSES = "triage.diagnoses.v1"
URGENCIES = "triage.urgencies.v1"
REVIEWS = "triage.reviews.v1"
DEADLETTERS = "triage.deadletters.v1"
EVENT_TOPICS = (EXPRESS, STANDARD, DIAGNOSES, URGENCIES, REVIEWS, DEADLETTERS)

_MAY_DIFFER = ("occurred_at", "produced_by")
"""A copy may be made at another time by another worker."""
_SAYS = ("reason", "path")
"""What a dead letter says: its payload is sealed anew in every copy."""


class UnreadableEvent(ValueError):
    """A record of an event topic that is no event."""


@dataclass(frozen=True, slots=True)
class Event:
    """`place` is its own topic-partition-offset, `origin` that of the record it was made from, where it says so.

    `content` is a digest of everything that must be the same in two copies of the event. `versions`: those of the
    model that it names. `review`: a decision that a clinician has to look at, or the request for that look.
    """

    topic: str
    partition: int
    offset: int
    appended_at_ms: int
    key: bytes
    event_id: str
    message: str | None
    origin: str | None
    content: str
    versions: frozenset[str]
    review: bool

    @property
    def place(self) -> str:
        return f"{self.topic}-{self.partition}-{self.offset}"


def message_key(source: str, message_id: str) -> str:
    """The name of a message: senders number their own."""
    return f"{source}\x1f{message_id}"


def parse(
    topic: str, partition: int, offset: int, appended_at_ms: int, key: bytes | None, value: bytes | None
) -> Event:
    """Read a record of one of EVENT_TOPICS. Raises UnreadableEvent."""
    try:
        fields: dict[str, Any] = json.loads(value or b"")
        source, message_id, origin = fields.get("source"), fields.get("message_id"), fields.get("origin")
        return Event(
            topic=topic,
            partition=partition,
            offset=offset,
            appended_at_ms=appended_at_ms,
            key=key or b"",
            event_id=str(fields["event_id"]),
            message=message_key(source, message_id) if source and message_id else None,
            origin=f"{origin['topic']}-{origin['partition']}-{origin['offset']}" if origin else None,
            content=_digest(topic, fields),
            versions=_versions(topic, fields),
            review=_is_of_review(topic, fields),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UnreadableEvent(f"{topic}-{partition}-{offset}") from None


def _digest(topic: str, fields: dict[str, Any]) -> str:
    if topic == DEADLETTERS:
        kept = {name: fields[name] for name in _SAYS}
    else:
        kept = {name: value for name, value in fields.items() if name not in _MAY_DIFFER}
    canonical = json.dumps(kept, sort_keys=True).encode()
    return blake2b(canonical, digest_size=12).hexdigest()


def _versions(topic: str, fields: dict[str, Any]) -> frozenset[str]:
    """A request for review repeats the decisions that it is about."""
    if topic not in (DIAGNOSES, URGENCIES, REVIEWS):
        return frozenset()
    decisions = (fields, fields.get("diagnosis"), fields.get("urgency"))
    models = [decision.get("model") for decision in decisions if decision]
    return frozenset(str(model["version"]) for model in models if model)


def _is_of_review(topic: str, fields: dict[str, Any]) -> bool:
    """A withheld label and a provisional level wait for a clinician; an audit and a notice of waiting are neither."""
    if topic == REVIEWS:
        return fields.get("urgency") is not None and not fields.get("blind")
    return fields.get("abstained") is True or fields.get("provisional") is True
