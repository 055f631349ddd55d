"""Record headers: CloudEvents 1.0 (Kafka protocol binding, binary mode) and W3C Trace Context."""

import re
from collections.abc import Sequence
from uuid import UUID

from schemas import Event

__all__ = [
    "CE_TYPE",
    "TRACEPARENT",
    "contract_headers",
    "declared_type",
    "event_headers",
    "sent_traceparent",
    "traceparent_of",
]

Headers = tuple[tuple[str, bytes], ...]
ForeignHeaders = Sequence[tuple[str, bytes | None]]
"""Kafka allows a header without a value."""

CE_TYPE = "ce_type"
TRACEPARENT = "traceparent"
_TRACEPARENT = re.compile(rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def event_headers(event: Event, traceparent: bytes) -> Headers:
    """Return the CloudEvents attributes of `event`, and the trace it belongs to."""
    return (
        ("ce_specversion", b"1.0"),
        ("ce_id", str(event.event_id).encode()),
        ("ce_source", f"/triage/{event.produced_by.service}".encode()),
        (CE_TYPE, event.contract.encode()),
        ("ce_time", event.occurred_at.isoformat().encode()),
        ("content-type", b"application/json"),
        (TRACEPARENT, traceparent),
    )


def contract_headers(event_id: UUID, contract: str) -> Headers:
    """Return the headers of a record that belongs to no readable message."""
    return (
        ("ce_specversion", b"1.0"),
        ("ce_id", str(event_id).encode()),
        (CE_TYPE, contract.encode()),
        ("content-type", b"application/json"),
    )


def declared_type(headers: ForeignHeaders) -> str | None:
    """Return the CloudEvents type that the sender declared, or None. The last one counts, as in Kafka clients."""
    for name, value in reversed(headers):
        if name == CE_TYPE and value is not None:
            return value.decode("ascii", errors="replace")
    return None


def sent_traceparent(headers: ForeignHeaders) -> bytes | None:
    """Return the sender's trace; None: it sent none, or a malformed one."""
    for name, value in headers:
        if name == TRACEPARENT and value is not None and _TRACEPARENT.fullmatch(value):
            return value
    return None


def traceparent_of(headers: ForeignHeaders, event: UUID) -> bytes:
    """Return the sender's trace, or one that follows from the event's id, the same on every redelivery."""
    return sent_traceparent(headers) or f"00-{event.hex}-{event.hex[:16]}-01".encode()
