"""Workers come and go: every time the consumer group deals out its partitions anew."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

from ops.chaos.cluster import Cluster
from ops.chaos.faults.base import WorkerFault

__all__ = ["AddWorker", "RemoveWorker"]


@dataclass(frozen=True, slots=True)
class AddWorker(WorkerFault):
    """One more worker of a stage. It stays until a RemoveWorker takes it."""

    @contextmanager
    def strike(self, cluster: Cluster, rng: Random) -> Iterator[str]:
        yield cluster.add_worker(self._worker(cluster, rng))


@dataclass(frozen=True, slots=True)
class RemoveWorker(WorkerFault):
    """SIGTERM to an added worker, or to a supervised one, which is then started anew, as in a rolling update."""

    @contextmanager
    def strike(self, cluster: Cluster, rng: Random) -> Iterator[str]:
        yield cluster.remove_worker(otherwise=self._worker(cluster, rng))
