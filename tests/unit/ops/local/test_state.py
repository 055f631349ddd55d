import os
import subprocess
import sys
from pathlib import Path

import pytest

from ops.local import lock
from ops.local.errors import StackRunning
from ops.local.layout import Layout
from ops.local.state import (
    PartState,
    PartStatus,
    ProcessRef,
    StackState,
    StackStatus,
    read_status,
    write_status,
)


def _status(layout: Layout, supervisor: ProcessRef) -> StackStatus:
    part = PartStatus(name="kafka", state=PartState.READY, log_path=layout.log("kafka"))
    return StackStatus(
        stack_id="x",
        state=StackState.READY,
        supervisor=supervisor,
        ports={"kafka": 21_000},
        parts={"kafka": part},
    )


def test_status_is_read_as_it_was_written(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    status = _status(layout, ProcessRef.current())
    write_status(layout, status)
    assert read_status(layout) == status
    assert status.address("kafka") == "127.0.0.1:21000"


def test_no_stack_has_no_status(tmp_path: Path) -> None:
    assert read_status(Layout(tmp_path)) is None


def test_stack_of_a_dead_supervisor_is_stopped(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    dead = ProcessRef(pid=os.getpid(), created_at_s=1.0)  # our pid, but created at another time
    write_status(layout, _status(layout, dead))
    status = read_status(layout)
    assert status is not None
    assert status.state is StackState.STOPPED
    assert not status.is_ready
    assert status.parts["kafka"].state is PartState.STOPPED


def test_second_supervisor_of_a_directory_is_refused(tmp_path: Path) -> None:
    with lock.held(tmp_path / "lock"), pytest.raises(StackRunning), lock.held(tmp_path / "lock"):
        raise AssertionError("two held the lock")


def test_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    code = f"""
import os, pathlib
from ops.local import lock
with lock.held(pathlib.Path({path!r})):
    os._exit(9)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    with lock.held(tmp_path / "lock"):
        pass
