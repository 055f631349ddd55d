"""Is it time for another round?"""

from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["Policy", "Seen", "due"]


@dataclass(frozen=True, slots=True)
class Policy:
    """`new_labels` are enough by themselves. From `drift_from` of them on, a drift whose p-value is below `drift_p` is.

    With `every`, that much time after the last round is, if there is any new label.
    """

    new_labels: int = 500
    drift_from: int = 200
    drift_p: float = 0.001
    every: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """`embedding_p`, `label_p`: see `trainer.watch.drift`; None where there was nothing to compare with.

    `last_at`: the last round's begin, or the watch's own.
    """

    new_labels: int
    embedding_p: float | None
    label_p: float | None
    last_at: datetime


def due(policy: Policy, seen: Seen, now: datetime) -> str | None:
    """Return why a round is due, in words for the record; None where it isn't."""
    if seen.new_labels >= policy.new_labels:
        return f"count: {seen.new_labels} new labels, {policy.new_labels} are enough"
    if seen.new_labels >= policy.drift_from:
        for what, p in (("messages", seen.embedding_p), ("labels", seen.label_p)):
            if p is not None and p < policy.drift_p:
                return (
                    f"drift: {what} differ from the last round's (p = {p:.2g}), {seen.new_labels} new labels"
                )
    if policy.every is not None and seen.new_labels and now - seen.last_at >= policy.every:
        return f"schedule: {policy.every} since {seen.last_at:%Y-%m-%d %H:%M}, {seen.new_labels} new labels"
    return None
