"""Starts and stops the supervisor's process from another one. Blocks; `Stack` wraps it for asyncio."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from ops.local.config import StackConfig
from ops.local.errors import PartFailed, StackNotRunning, StackRunning, StartTimeout
from ops.local.layout import Layout
from ops.local.orphans import kill_orphans, remove_shared_memory
from ops.local.process import MARKER, rotate_log, tail
from ops.local.state import PartState, StackState, StackStatus, read_status

__all__ = ["SupervisorProcess", "spawn_supervisor", "stop_supervisor", "wait_until_ready"]

_POLL_S = 0.05
_STOP_TIMEOUT_S = 60.0
_PROJECT = str(Path(__file__).parents[2])

OnStatus = Callable[[StackStatus], None]


@dataclass(slots=True)
class SupervisorProcess:
    """The supervisor that this process started; it stops when the lifeline is closed, unless detached."""

    process: "subprocess.Popen[bytes]"
    lifeline: IO[bytes]


def spawn_supervisor(config: StackConfig, *, fresh: bool, detached: bool) -> SupervisorProcess:
    """Start the supervisor in a session of its own, so that Ctrl-C in this terminal does not reach it.

    Not detached, it stops when this process ends, however that happens. Raises StackRunning.
    """
    layout = Layout(config.data_dir)
    if _running(layout) is not None:
        raise StackRunning(config.data_dir)
    layout.make()
    log_path = layout.log("supervisor")
    rotate_log(log_path)
    reading, writing = os.pipe()
    lifeline = os.fdopen(writing, "wb")
    try:
        with log_path.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "ops.local"],
                stdin=reading,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=_environment(),
            )
    finally:
        os.close(reading)
    order = {"config": config.model_dump(mode="json"), "fresh": fresh, "detached": detached}
    lifeline.write(json.dumps(order).encode() + b"\n")
    lifeline.flush()
    if detached:
        lifeline.close()
    return SupervisorProcess(process, lifeline)


def _environment() -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name != MARKER}
    paths = [_PROJECT, inherited.get("PYTHONPATH", "")]
    return {**inherited, "PYTHONPATH": ":".join(filter(None, paths)), "PYTHONUNBUFFERED": "1"}


def wait_until_ready(config: StackConfig, supervisor: SupervisorProcess, on_status: OnStatus) -> StackStatus:
    """Wait until all parts are ready; `on_status` gets every status seen meanwhile.

    Raises PartFailed with the end of the failed part's log, or StartTimeout; the supervisor is stopped by
    then.
    """
    layout = Layout(config.data_dir)
    deadline = time.monotonic() + config.start_timeout_s
    waiting_for: tuple[str, ...] = ()
    while time.monotonic() < deadline:
        exit_status = supervisor.process.poll()
        status = read_status(layout)
        if status is None or status.supervisor is None or status.supervisor.pid != supervisor.process.pid:
            status = None
        if exit_status is not None:
            raise _failure(layout, status, exit_status)
        if status is not None:
            on_status(status)
            if status.is_ready:
                return status
            waiting_for = tuple(p.name for p in status.parts.values() if p.state is not PartState.READY)
        time.sleep(_POLL_S)
    stop_supervisor(config.data_dir, supervisor)
    raise StartTimeout(config.start_timeout_s, waiting_for)


def _failure(layout: Layout, status: StackStatus | None, exit_status: int) -> PartFailed:
    if status is not None and status.state is StackState.FAILED and status.failure is not None:
        failure = status.failure
        return PartFailed(failure.part, failure.reason, failure.log_path, tail(failure.log_path))
    log_path = layout.log("supervisor")
    return PartFailed("supervisor", f"ended with status {exit_status}", log_path, tail(log_path))


def stop_supervisor(data_dir: Path, supervisor: SupervisorProcess | None = None) -> None:
    """SIGTERM to the supervisor of this directory, and wait until it and its parts are gone.

    One that does not end in time is killed, and the kernel ends its parts with it. Raises StackNotRunning.
    """
    layout = Layout(data_dir)
    running = psutil.Process(supervisor.process.pid) if supervisor else _running(layout)
    if running is None:
        raise StackNotRunning(data_dir)
    running.terminate()
    try:
        _wait(running, supervisor)
    except (psutil.TimeoutExpired, subprocess.TimeoutExpired):
        running.kill()
        _wait(running, supervisor)
        kill_orphans(layout.stack_id, read_status(layout))
        remove_shared_memory(layout.stack_id)


def _wait(running: psutil.Process, supervisor: SupervisorProcess | None) -> None:
    # Only the parent can take a process's exit status: for anybody else it stays a zombie until the parent
    # does.
    if supervisor is not None:
        supervisor.process.wait(_STOP_TIMEOUT_S)
        supervisor.lifeline.close()
    else:
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        while running.is_running() and running.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > deadline:
                raise psutil.TimeoutExpired(_STOP_TIMEOUT_S, running.pid)
            time.sleep(_POLL_S)


def _running(layout: Layout) -> psutil.Process | None:
    status = read_status(layout)
    return status.supervisor.find() if status is not None and status.supervisor is not None else None
