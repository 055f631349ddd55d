"""Worker processes of a benchmark: started together, measured, ended."""

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

__all__ = ["BenchmarkFailed", "WorkerProcess", "is_importable", "tree_cpu_s", "wait_until", "worker"]

_ROOT = Path(__file__).parents[2]
_POLL_S = 0.05
_READY_TIMEOUT_S = 60.0
_END_TIMEOUT_S = 15.0
_LOG_TAIL_CHARACTERS = 2_000


class BenchmarkFailed(Exception):
    """A worker ended, or got nowhere; carries the end of its log."""


def is_importable(module: str) -> bool:
    """Whether a package is installed here."""
    return importlib.util.find_spec(module) is not None


def tree_cpu_s(pid: int) -> float:
    """CPU time of a process and all that it started, so far."""
    root = psutil.Process(pid)
    times = [process.cpu_times() for process in (root, *root.children(recursive=True))]
    return sum(float(time_.user + time_.system) for time_ in times)


def wait_until(
    condition: Callable[[], bool], timeout_s: float, what: str, *, poll_s: float = _POLL_S
) -> None:
    """Poll; raises BenchmarkFailed after `timeout_s`."""
    give_up_at = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > give_up_at:
            raise BenchmarkFailed(f"{what} took more than {timeout_s:.0f} s")
        time.sleep(poll_s)


@dataclass(slots=True)
class WorkerProcess:
    """A program that follows `ops.bench.job`."""

    process: "subprocess.Popen[bytes]"
    ready_file: Path
    log_path: Path

    def wait_ready(self) -> None:
        """Wait until it is set up. Raises BenchmarkFailed."""
        wait_until(self._is_ready, _READY_TIMEOUT_S, f"the start of {self.log_path.stem}")

    def start(self) -> None:
        """Give the start signal."""
        stdin = self.process.stdin
        if stdin is None:
            raise BenchmarkFailed(f"{self.log_path.stem} has no input to start it by")
        stdin.write(b"\n")
        stdin.flush()

    def cpu_s(self) -> float:
        """CPU time of the process and its threads so far."""
        self.check()
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    def check(self) -> None:
        """Raises BenchmarkFailed where it has ended."""
        if (status := self.process.poll()) is not None:
            log = self.log_path.read_text(errors="replace")[-_LOG_TAIL_CHARACTERS:]
            raise BenchmarkFailed(f"{self.log_path.stem} ended with status {status}\n{log}")

    def end(self) -> None:
        """Ask it to end, then make it."""
        self.process.terminate()
        try:
            self.process.wait(_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _is_ready(self) -> bool:
        self.check()
        return self.ready_file.exists()


@contextmanager
def worker(
    module: str, arguments: Sequence[str], ready_file: Path, log_path: Path
) -> Iterator[WorkerProcess]:
    """Run `python -m module arguments`; it is gone at the end."""
    environment = {**os.environ, "PYTHONPATH": str(_ROOT), "PYTHONUNBUFFERED": "1"}
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=environment,
        )
    started = WorkerProcess(process, ready_file, log_path)
    try:
        yield started
    finally:
        started.end()
        if process.stdin is not None:
            process.stdin.close()
