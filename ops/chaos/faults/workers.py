"""Workers come and go: every time the consumer group deals out its partitions anew."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

from ops.chaos.cluster import Cluster
from ops.chaos.faults.base import FaultKind

__all__ = ["AddWorker", "RemoveWorker"]


@dataclass(frozen=True, slots=True)
class AddWorker(FaultKind):
    """One more worker of any stage. It stays until a RemoveWorker takes it."""

    @contextmanager
    def strike(self, cluster: Cluster, rng: Random) -> Iterator[str]:
        yield cluster.add_worker(rng.choice(cluster.workers()))


@dataclass(frozen=True, slots=True)
class RemoveWorker(FaultKind):
    """SIGTERM to an added worker, or to a supervised one, which is then started anew, as in a rolling update."""

    @contextmanager
    def strike(self, cluster: Cluster, rng: Random) -> Iterator[str]:
        yield cluster.remove_worker(otherwise=rng.choice(cluster.workers()))
