"""Processes die, or stop and go on as if nothing had been."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from random import Random
from typing import ClassVar

import psutil

from ops.chaos.cluster import Cluster
from ops.chaos.faults.base import FaultKind, WorkerFault
from ops.chaos.history import Moment

__all__ = ["Kill", "KillModelProcess", "KillWorker", "Pause", "PauseModelProcess", "PauseWorker", "Restart"]


@dataclass(frozen=True, slots=True)
class Kill(FaultKind):
    """SIGKILL to a server; the supervisor starts it anew."""

    part: str = ""

    @contextmanager
    def strike(self, cluster: Cluster, rng: Random) -> Iterator[str]:
        cluster.end(self.part, signal.SIGKILL)
        yield self.part


@dataclass(frozen=True, slots=True)
class Restart(FaultKind):
    """SIGTERM to a server: an orderly stop and a new start."""

    part: str = ""

    @contextmanager
    def strike(self, cluster: Cluster, rng: Random) -> Iterator[str]:
        cluster.end(self.part, signal.SIGTERM)
        yield self.part


@dataclass(frozen=True, slots=True)
class Pause(FaultKind):
    """SIGSTOP to a server: connections stay open and nobody answers."""

    recovers_from: ClassVar[Moment] = "ended"
    part: str = ""

    @contextmanager
    def strike(self, cluster: Cluster, rng: Random) -> Iterator[str]:
        with _stopped(cluster.process(self.part)):
            yield self.part


@dataclass(frozen=True, slots=True)
class KillWorker(WorkerFault):
    """SIGKILL to a worker: its partitions move when its session ends."""

    @contextmanager
    def strike(self, cluster: Cluster, rng: Random) -> Iterator[str]:
        worker = self._worker(cluster, rng)
        cluster.end(worker, signal.SIGKILL)
        yield worker


@dataclass(frozen=True, slots=True)
class PauseWorker(WorkerFault):
    """SIGSTOP to a worker for longer than its session: it goes on with work that others have taken over."""

    @contextmanager
    def strike(self, cluster: Cluster, rng: Random) -> Iterator[str]:
        worker = self._worker(cluster, rng)
        with _stopped(cluster.process(worker)):
            yield worker


@dataclass(frozen=True, slots=True)
class KillModelProcess(FaultKind):
    """SIGKILL to one of the processes that run the model, behind a server that goes on calling itself ready."""

    @contextmanager
    def strike(self, cluster: Cluster, rng: Random) -> Iterator[str]:
        cluster.kill(rng.choice(cluster.model_processes()))
        yield "triton"


@dataclass(frozen=True, slots=True)
class PauseModelProcess(FaultKind):
    """SIGSTOP to one of them: what it has been given waits, and the server goes on calling itself ready."""

    recovers_from: ClassVar[Moment] = "ended"

    @contextmanager
    def strike(self, cluster: Cluster, rng: Random) -> Iterator[str]:
        with _stopped(rng.choice(cluster.model_processes())):
            yield "triton"


@contextmanager
def _stopped(process: psutil.Process) -> Iterator[None]:
    process.suspend()
    try:
        yield
    finally:
        with suppress(psutil.NoSuchProcess):  # its supervisor may have lost patience
            process.resume()
