"""What a kind of fault is."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from ops.chaos.cluster import Cluster
from ops.chaos.history import Moment

__all__ = ["FaultKind", "WorkerFault"]


@dataclass(frozen=True, slots=True)
class FaultKind(ABC):
    """One way to break the stack. `hold_s`: how long it stays broken before that is taken back."""

    name: str
    hold_s: float = 0.0
    recovers_from: ClassVar[Moment] = "began"

    @abstractmethod
    def strike(self, cluster: Cluster, rng: Random) -> AbstractContextManager[str]:
        """Inject on entry, which gives the name of what was hit; take back on exit. Raises NotRecovered."""


@dataclass(frozen=True, slots=True)
class WorkerFault(FaultKind):
    """It hits a worker of each stage in turn; `first_stage` tells where it begins."""

    first_stage: str = "admit"

    def _worker(self, cluster: Cluster, rng: Random) -> str:
        return cluster.choose_worker(self.name, rng, first=self.first_stage)
