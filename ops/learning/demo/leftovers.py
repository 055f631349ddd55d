"""What a run could leave behind: processes, open ports, its folder, changes of the repository's own models."""

import socket
from dataclasses import dataclass, field
from pathlib import Path

from ops.cli.stack import PROJECT_ROOT
from ops.learning.demo.account import Finding
from ops.learning.demo.verdicts import nothing_left
from ops.local.layout import Layout
from ops.local.orphans import marked
from ops.local.ports import LOOPBACK
from ops.local.stack import Stack
from streams.adapters.model_bundle import content_sha256

__all__ = ["Leftovers", "ports_of"]

_CONNECT_TIMEOUT_S = 1.0


@dataclass(slots=True)
class Leftovers:
    """`folder`: of the run. Made before it begins, asked when it is over; `ports`: of its stack, once that runs."""

    folder: Path
    stack_id: str
    models_sha256: str
    ports: list[int] = field(default_factory=list)

    @classmethod
    def before(cls, folder: Path) -> "Leftovers":
        """Remember what marks the stack's processes, and what the models are."""
        return cls(folder, Layout(folder / "stack").stack_id, content_sha256(PROJECT_ROOT / "model_repo"))

    def found(self) -> Finding:
        """Look."""
        return nothing_left(
            [process.pid for process in marked(self.stack_id)],
            [port for port in self.ports if _listens(port)],
            folder=self.folder.exists(),
            models=content_sha256(PROJECT_ROOT / "model_repo") != self.models_sha256,
        )


def ports_of(stack: Stack) -> list[int]:
    """Return every port that the running stack listens on."""
    status = stack.status()
    return [] if status is None else sorted(set(status.ports.values()))


def _listens(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(_CONNECT_TIMEOUT_S)
        return client.connect_ex((LOOPBACK, port)) == 0
