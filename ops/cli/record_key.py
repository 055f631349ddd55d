"""The key of a record, read off its payload."""

import json

from streams.topics import EXPRESS, FEEDBACK, STANDARD

__all__ = ["record_key"]

_KEY_FIELD = {EXPRESS.name: "patient_id", STANDARD.name: "patient_id", FEEDBACK.name: "message_id"}


def record_key(topic: str, payload: bytes) -> bytes | None:
    """Return the key that the map of topics asks for; None: it asks for none, or the payload cannot be read."""
    if (field := _KEY_FIELD.get(topic)) is None:
        return None
    try:
        key = json.loads(payload).get(field)
    except (ValueError, AttributeError):
        return None
    return key.encode() if isinstance(key, str) else None
