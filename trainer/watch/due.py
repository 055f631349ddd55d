"""Is it time for another round?"""

from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["Policy", "Seen", "due"]


@dataclass(frozen=True, slots=True)
class Policy:
    """`new_labels` are enough by themselves. From `drift_from` of them on, a drift is.

    `drift_p`: how probable a false alarm of drift may be before there are enough labels; it is shared out (Bonferroni)
    among the two tests at each of the looks, which are `drift_step` labels apart.

    With `every`, that much time after the last round is, if there is any new label.
    """

    new_labels: int = 500
    drift_from: int = 200
    drift_step: int = 50
    drift_p: float = 0.01
    every: timedelta | None = None

    def tests_drift(self, new_labels: int, tested_at: int) -> bool:
        """Whether to look for drift now that there are so many, having looked at `tested_at` (0: not yet)."""
        is_in_between = self.drift_from <= new_labels < self.new_labels
        return is_in_between and (not tested_at or new_labels >= tested_at + self.drift_step)

    @property
    def drift_p_of_one_test(self) -> float:
        """What is left for one test."""
        looks = max(1, -(-(self.new_labels - self.drift_from) // self.drift_step))
        return self.drift_p / (2 * looks)


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
            if p is not None and p < policy.drift_p_of_one_test:
                return (
                    f"drift: {what} differ from the last round's (p = {p:.2g}), {seen.new_labels} new labels"
                )
    if policy.every is not None and seen.new_labels and now - seen.last_at >= policy.every:
        return f"schedule: {policy.every} since {seen.last_at:%Y-%m-%d %H:%M}, {seen.new_labels} new labels"
    return None
