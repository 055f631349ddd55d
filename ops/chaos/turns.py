"""Whose turn it is to be hit."""

from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random

__all__ = ["Turns"]


class Turns:
    """`workers`: those of each stage. Within a kind of fault the stages take turns; within a stage chance decides."""

    def __init__(self, workers: Mapping[str, Sequence[str]]) -> None:
        self._workers = workers
        self._taken: Counter[str] = Counter()

    def choose(self, kind: str, rng: Random, *, first: str) -> str:
        """Return the worker that the next fault of this kind hits; the kind begins with the stage `first`."""
        stages = sorted(self._workers, key=lambda stage: stage != first)
        stage = stages[self._taken[kind] % len(stages)]
        self._taken[kind] += 1
        return rng.choice(self._workers[stage])
