"""What the supervisor tells the world about the stack: one JSON file, replaced atomically."""

import os
from enum import StrEnum
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict

from ops.local.layout import Layout
from ops.local.ports import LOOPBACK

__all__ = [
    "Failure",
    "PartState",
    "PartStatus",
    "ProcessRef",
    "StackState",
    "StackStatus",
    "read_status",
    "write_status",
]


class PartState(StrEnum):
    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    BACKOFF = "backoff"
    STOPPED = "stopped"


class StackState(StrEnum):
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


class _Status(BaseModel):
    model_config = ConfigDict(extra="ignore")


class ProcessRef(_Status):
    """A process, told from a later one with the same pid by when it was created (seconds since the epoch)."""

    pid: int
    created_at_s: float

    @classmethod
    def of(cls, pid: int) -> "ProcessRef":
        return cls(pid=pid, created_at_s=psutil.Process(pid).create_time())

    @classmethod
    def current(cls) -> "ProcessRef":
        return cls.of(os.getpid())

    def find(self) -> psutil.Process | None:
        """The process, if it still lives."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created_at_s) < 1.0
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


class PartStatus(_Status):
    """One part; `ready_after_s` counts from its latest start, `restarts` from the start of the stack."""

    name: str
    state: PartState = PartState.WAITING
    address: str | None = None
    process: ProcessRef | None = None
    restarts: int = 0
    ready_after_s: float | None = None
    last_error: str | None = None
    log_path: Path


class Failure(_Status):
    """Why the supervisor gave up."""

    part: str
    reason: str
    log_path: Path


class StackStatus(_Status):
    """The whole stack."""

    stack_id: str
    state: StackState = StackState.STARTING
    supervisor: ProcessRef | None = None
    ready_after_s: float | None = None
    ports: dict[str, int] = {}
    parts: dict[str, PartStatus] = {}
    failure: Failure | None = None

    def address(self, port_name: str) -> str:
        """`host:port` of "kafka", "redis", "triton_grpc", "triton_http" or "triton_metrics"."""
        return f"{LOOPBACK}:{self.ports[port_name]}"

    @property
    def is_ready(self) -> bool:
        """Whether every part is ready now."""
        return self.state is StackState.READY and all(
            part.state is PartState.READY for part in self.parts.values()
        )


def write_status(layout: Layout, status: StackStatus) -> None:
    """Replace the status file in one step: a reader sees the old one or the new one."""
    temporary = layout.status.with_suffix(".tmp")
    temporary.write_text(status.model_dump_json(indent=2), encoding="utf-8")
    temporary.replace(layout.status)


def read_status(layout: Layout) -> StackStatus | None:
    """The last status, or None where no stack was ever started here.

    A supervisor that died without a word left "ready" behind: its stack is told as stopped.
    """
    try:
        status = StackStatus.model_validate_json(layout.status.read_bytes())
    except FileNotFoundError:
        return None
    if status.supervisor is None or status.supervisor.find() is None:
        for part in status.parts.values():
            part.state = PartState.STOPPED
        if status.state is not StackState.FAILED:
            status.state = StackState.STOPPED
    return status
