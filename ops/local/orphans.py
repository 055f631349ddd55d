"""Cleans up after a stack whose supervisor was killed: processes it left and Triton's shared memory."""

from pathlib import Path

import psutil
import structlog

from ops.local.process import MARKER
from ops.local.state import StackStatus

__all__ = ["kill_orphans", "marked", "remove_shared_memory", "shared_memory_prefix"]

_log = structlog.get_logger(__name__)
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # where the kernel puts POSIX shared memory
_WAIT_S = 10.0


def kill_orphans(stack_id: str, last: StackStatus | None) -> int:
    """Kill what a former supervisor of this stack left running; the number of processes.

    A process is ours if it carries the stack's marker in its environment, or if the last status names it by
    pid and time of creation. The caller holds the stack's lock, so no living supervisor owns them.
    """
    recorded = [part.process.find() for part in last.parts.values() if part.process] if last else []
    orphans = {process.pid: process for process in [*recorded, *marked(stack_id)] if process is not None}
    for process in orphans.values():
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
        _log.warning("stack.orphan_killed", pid=process.pid)
    psutil.wait_procs(list(orphans.values()), timeout=_WAIT_S)
    return len(orphans)


def marked(stack_id: str) -> list[psutil.Process]:
    """Every process that carries this stack's marker."""
    return [process for process in psutil.process_iter() if _marker(process) == stack_id]


def _marker(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARKER)
    except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
        return None  # ended meanwhile, or another user's


def shared_memory_prefix(stack_id: str) -> str:
    """Start of the names of this stack's shared memory regions."""
    return f"triage-{stack_id}-"


def remove_shared_memory(stack_id: str) -> int:
    """Remove this stack's shared memory regions, which a killed Triton leaves; their number.

    The caller made sure that no Triton of this stack is running.
    """
    regions = list(_SHARED_MEMORY.glob(f"{shared_memory_prefix(stack_id)}*"))
    for region in regions:
        region.unlink(missing_ok=True)
    return len(regions)
