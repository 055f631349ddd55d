"""Looks at what clinicians have said since the last round, and says whether another is due."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from streams.domain.feedback import FeedbackExample
from trainer.watch.drift import embedding_p, label_p
from trainer.watch.due import Policy, Seen, due
from trainer.watch.rounds import Rounds

__all__ = ["Embed", "Look", "look"]

Embed = Callable[[Sequence[FeedbackExample]], NDArray[np.float32]]
"""From n messages to their embeddings [n, h] by the live version."""


@dataclass(frozen=True, slots=True)
class Look:
    """`unlearned`: what a round would be given. `reason`: why one is due, None where it isn't.

    What makes it due is what no round has had: a refused round is not begun again by the same labels alone.
    """

    unlearned: tuple[FeedbackExample, ...]
    seen: Seen
    reason: str | None


def look(
    rounds: Rounds,
    examples: Sequence[FeedbackExample],
    embed: Embed,
    policy: Policy,
    *,
    watched_since: datetime,
    now: datetime,
    drift_tested_at: int = 0,
) -> Look:
    """Compare with the round before, where there are enough new labels to. Raises RoundsUnreadable.

    `drift_tested_at`: so many new labels there were at the last test of drift; see `Policy.tests_drift`.
    """
    new, before = rounds.new(examples), rounds.latest()
    p_values: tuple[float | None, float | None] = (None, None)
    if len(before) >= policy.drift_from and policy.tests_drift(len(new), drift_tested_at):
        both = embed([*before, *new])
        p_values = (
            embedding_p(both[: len(before)], both[len(before) :]),
            label_p(_labels(before), _labels(new)),
        )
    seen = Seen(len(new), *p_values, last_at=rounds.last_at() or watched_since)
    return Look(tuple(rounds.unlearned(examples)), seen, due(policy, seen, now))


def _labels(examples: Sequence[FeedbackExample]) -> list[str]:
    return [name for example in examples for name in example.settled.classes if name.startswith("diagnosis:")]
