import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from ops.local.orphans import kill_orphans
from ops.local.process import MARKER, Program, clip_log, rotate_log, tail

_PARENT_AND_CHILD = (
    "import subprocess, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"
)
_DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"


def _gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _wait_for(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


async def _start(code: str, log: Path) -> Program:
    program = await Program.start([sys.executable, "-c", code], os.environ, log)
    while not tail(log):  # noqa: ASYNC110  # another process writes it
        await asyncio.sleep(0.02)
    return program


async def test_stop_ends_the_children_too(tmp_path: Path) -> None:
    program = await _start(_PARENT_AND_CHILD, tmp_path / "log")
    child = int(tail(tmp_path / "log"))
    await program.stop(timeout_s=5)
    assert _gone(program.pid)
    assert _gone(child)


async def test_deaf_program_is_killed(tmp_path: Path) -> None:
    program = await _start(_DEAF, tmp_path / "log")
    await program.stop(timeout_s=0.2)
    assert await program.wait() == -signal.SIGKILL


async def test_output_goes_to_a_private_log(tmp_path: Path) -> None:
    program = await Program.start(["sh", "-c", "echo out; echo err >&2"], os.environ, tmp_path / "log")
    assert await program.wait() == 0
    assert tail(tmp_path / "log").splitlines() == ["out", "err"]
    assert (tmp_path / "log").stat().st_mode & 0o077 == 0


def test_program_dies_with_a_killed_parent(tmp_path: Path) -> None:
    code = f"""
import asyncio, os, pathlib
from ops.local.process import Program
async def main():
    program = await Program.start(["sleep", "60"], os.environ, pathlib.Path({str(tmp_path / "log")!r}))
    print(program.pid, flush=True)
    await program.wait()
asyncio.run(main())
"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    _wait_for(lambda: psutil.Process(child).name() == "sleep")
    parent.kill()
    parent.communicate()
    _wait_for(lambda: _gone(child))


def test_orphans_are_killed_by_their_marker_and_nothing_else() -> None:
    ours = subprocess.Popen(["sleep", "60"], env={**os.environ, MARKER: "test-orphans"})
    other = subprocess.Popen(["sleep", "60"], env={**os.environ, MARKER: "another-stack"})
    try:
        assert kill_orphans("test-orphans", None) == 1
        assert _gone(ours.pid)
        assert other.poll() is None
    finally:
        for process in (ours, other):
            process.kill()
            process.wait()


def test_old_logs_are_numbered_and_the_oldest_dropped(tmp_path: Path) -> None:
    log = tmp_path / "kafka.log"
    for start in range(6):
        rotate_log(log)
        log.write_text(str(start))
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "kafka.log": "5",
        "kafka.log.1": "4",
        "kafka.log.2": "3",
        "kafka.log.3": "2",
    }


def test_large_log_begins_anew_under_its_writer(tmp_path: Path) -> None:
    log = tmp_path / "kafka.log"
    with log.open("a") as writer:
        writer.write("x" * 100)
        writer.flush()
        clip_log(log, max_bytes=50)
        writer.write("y")
    assert log.read_text() == "y"
    assert Path(f"{log}.1").read_text() == "x" * 100


@pytest.mark.parametrize(("content", "expected"), [("", ""), ("a\nb\nc\n", "b\nc")])
def test_tail_gives_the_last_lines(tmp_path: Path, content: str, expected: str) -> None:
    (tmp_path / "log").write_text(content)
    assert tail(tmp_path / "log", lines=2) == expected
