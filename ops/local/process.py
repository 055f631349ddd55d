"""Processes of the stack: each leads a group of its own, has a log file, and ends with its children."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

__all__ = ["MARKER", "Program", "clip_log", "ending_with_us", "rotate_log", "tail"]

# Every process of a stack carries its stack's id in this environment variable: after a crash it tells ours
# from others.
MARKER = "TRIAGE_STACK_ID"
_LAUNCH = str(Path(__file__).with_name("launch.py"))
_KEPT_LOGS = 3
_GROUP_POLL_S = 0.02
_KILL_TIMEOUT_S = 10.0


def ending_with_us(command: Sequence[str]) -> list[str]:
    """Return the command that runs `command` such that the kernel kills it when this process ends."""
    return [sys.executable, "-I", "-S", _LAUNCH, str(os.getpid()), *command]


class Program:
    """A running program and the process group that it leads."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = process.pid

    @classmethod
    async def start(cls, command: Sequence[str], env: Mapping[str, str], log_path: Path) -> "Program":
        """Start `command`; standard output and error are appended to the log.

        The kernel kills it when this process ends. Raises OSError.
        """
        log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            process = await asyncio.create_subprocess_exec(
                *ending_with_us(command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(env),
                process_group=0,
            )
        finally:
            os.close(log)
        return cls(process)

    async def wait(self) -> int:
        """Wait for the program to end; its exit status, negative for a signal."""
        return await self._process.wait()

    async def stop(self, timeout_s: float) -> None:
        """SIGTERM, and SIGKILL to whatever of the group is left after `timeout_s`."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), timeout_s)
        await self.kill()

    async def kill(self) -> None:
        """SIGKILL to the whole group, and wait until it is gone. Raises TimeoutError."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        async with asyncio.timeout(_KILL_TIMEOUT_S):
            await self._process.wait()
            while _group_lives(self.pid):  # noqa: ASYNC110  # the kernel tells nobody when a group is empty
                await asyncio.sleep(_GROUP_POLL_S)


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return any(_is_in_group(process, group) for process in psutil.process_iter())


def _is_in_group(process: psutil.Process, group: int) -> bool:
    try:
        return os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, ProcessLookupError):
        return False


def rotate_log(log_path: Path) -> None:
    """Move the log of the last start to `.1`, that one to `.2`, and so on; the oldest is dropped."""
    for number in range(_KEPT_LOGS, 0, -1):
        older = log_path if number == 1 else log_path.with_suffix(f".log.{number - 1}")
        if older.exists():
            older.replace(log_path.with_suffix(f".log.{number}"))


def clip_log(log_path: Path, max_bytes: int) -> None:
    """Copy a log larger than `max_bytes` to `.1` and empty it; its writer appends, so it begins anew."""
    if log_path.exists() and log_path.stat().st_size > max_bytes:
        shutil.copyfile(log_path, log_path.with_suffix(".log.1"))
        os.truncate(log_path, 0)


def tail(log_path: Path, lines: int = 15) -> str:
    """The last lines of a log, or nothing where there is none."""
    if not log_path.exists():
        return ""
    with log_path.open("rb") as log:
        log.seek(max(0, log_path.stat().st_size - 16_384))
        return "\n".join(log.read().decode("utf-8", "replace").splitlines()[-lines:])
