"""Which messages a candidate answers, too, and how its decision compares with the published one."""

from uuid import UUID

from streams.domain.decide import Decision

__all__ = ["MOST_MESSAGES", "compared", "is_sampled"]

MOST_MESSAGES = 100_000
"""That are counted of one shadowing: one that nobody ends must not fill the memory."""
_PARTS = 10_000
_URGENT = 2


def is_sampled(event_id: UUID, share: float) -> bool:
    """Is this message of the share? The same for each of its copies."""
    return event_id.int % _PARTS < share * _PARTS


def compared(live: Decision, candidate: Decision) -> tuple[str, ...]:
    """Name what one message counts for, as `schemas.ShadowSummary` does."""
    before, after = live.urgency.level, candidate.urgency.level
    of_level = "same_level" if after == before else "more_urgent" if after < before else "less_urgent"
    same_label = ("same_label",) if live.diagnosis.label == candidate.diagnosis.label else ()
    lowered = ("urgent_lowered",) if before <= _URGENT < after else ()
    return of_level, *same_label, *lowered
