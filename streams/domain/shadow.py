"""Which messages a candidate answers, too, and how its decision compares with the published one."""

from uuid import UUID

from streams.domain.decide import Decision

__all__ = ["compared", "is_sampled"]

_PARTS = 10_000
_URGENT = 2


def is_sampled(event_id: UUID, share: float) -> bool:
    """Is this message of the share? The same for each of its copies."""
    return event_id.int % _PARTS < share * _PARTS


def compared(live: Decision, candidate: Decision) -> dict[str, int]:
    """Count one message, by the names of `schemas.ShadowSummary`."""
    before, after = live.urgency.level, candidate.urgency.level
    return {
        "same_level": int(after == before),
        "more_urgent": int(after < before),
        "less_urgent": int(after > before),
        "same_label": int(live.diagnosis.label == candidate.diagnosis.label),
        "urgent_lowered": int(before <= _URGENT < after),
    }
