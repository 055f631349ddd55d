"""A worker beside the supervised ones: it joins the consumer group, and leaves it when it is told to."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

from ops.local import launch
from ops.local.config import PartSpec
from ops.local.errors import NotReady
from ops.local.layout import Layout
from ops.local.ports import LOOPBACK, choose_ports
from ops.local.process import MARKER
from ops.local.stack import Stack
from ops.local.worker import Worker

__all__ = ["ExtraWorker"]

_STOP_TIMEOUT_S = 20.0


class ExtraWorker:
    """Runs a worker of this specification until `stop`.

    Must be made in a thread that lives as long as the worker: the kernel ends it with the thread that started it.
    """

    def __init__(self, stack: Stack, spec: PartSpec, name: str) -> None:
        self.name = name
        self.spec = spec
        layout = Layout(stack.config.data_dir)
        port = choose_ports([name], _taken(stack))[name]
        self._worker = Worker(spec, port, layout.run, _facts(stack))
        environment = {
            **self._worker.environment(),
            MARKER: layout.stack_id,
            "TRIAGE_STATE_DIR": str(stack.config.data_dir / "workers" / name),
        }
        with layout.log(name).open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(launch.__file__), str(os.getpid()), *self._worker.command()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                cwd=Path(__file__).parents[2],
            )

    def is_ready(self) -> bool:
        """Whether its specification's readiness check says so."""
        try:
            asyncio.run(self._worker.check_ready(self._process.pid))
        except NotReady:
            return False
        return True

    def stop(self) -> None:
        """SIGTERM, and SIGKILL where that is not enough in time."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _taken(stack: Stack) -> dict[str, int]:
    status = stack.status()
    return status.ports if status is not None else {}


def _facts(stack: Stack) -> dict[str, str]:
    """What the supervisor fills into a worker's specification."""
    addresses = {name: f"{LOOPBACK}:{port}" for name, port in _taken(stack).items()}
    redis_url = str(stack.endpoints.redis_url)
    return {**addresses, "redis_url": redis_url, "data_dir": str(stack.config.data_dir)}
