"""The model server answers late, with errors, or while its models change."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from ops.chaos.cluster import Cluster
from ops.chaos.faults.base import FaultKind
from ops.chaos.history import Moment
from ops.chaos.triton_proxy import HEALTHY, Behaviour

__all__ = ["KillDuringSwap", "ModelSwap", "ModelUnload", "Requests"]


@dataclass(frozen=True, slots=True)
class Requests(FaultKind):
    """Inference requests are delayed or refused on their way."""

    recovers_from: ClassVar[Moment] = "ended"
    behaviour: Behaviour = HEALTHY

    @contextmanager
    def strike(self, cluster: Cluster, rng: Random) -> Iterator[str]:
        cluster.behave(self.behaviour)
        try:
            yield "triton"
        finally:
            cluster.behave(HEALTHY)


@dataclass(frozen=True, slots=True)
class ModelSwap(FaultKind):
    """A second version, which answers differently, is installed and promoted; the next swap rolls it back."""

    @contextmanager
    def strike(self, cluster: Cluster, rng: Random) -> Iterator[str]:
        cluster.install_model_version()
        yield cluster.swap_model()


@dataclass(frozen=True, slots=True)
class KillDuringSwap(FaultKind):
    """A worker of assessment is killed and the live version changes at once.

    What it had decided and not yet committed comes again, to a worker with the other version.
    """

    recovers_from: ClassVar[Moment] = "ended"

    @contextmanager
    def strike(self, cluster: Cluster, rng: Random) -> Iterator[str]:
        cluster.install_model_version()
        worker = rng.choice(cluster.workers("assess"))
        cluster.end(worker, signal.SIGKILL)
        yield f"{worker}, {cluster.swap_model()}"


@dataclass(frozen=True, slots=True)
class ModelUnload(FaultKind):
    """The model is unloaded through Triton's repository API, and loaded again."""

    recovers_from: ClassVar[Moment] = "ended"

    @contextmanager
    def strike(self, cluster: Cluster, rng: Random) -> Iterator[str]:
        cluster.unload_model()
        try:
            yield "triton"
        finally:
            cluster.load_model()
