"""Workers start on a signal, and none outlives its benchmark."""

import subprocess
import sys
from pathlib import Path

import pytest

from ops.bench.job import Job
from ops.bench.processes import BenchmarkFailed, WorkerProcess, is_importable, wait_until

PROGRAM = """
import sys
from pathlib import Path
from ops.bench.job import Job
job = Job.from_arguments()
job.wait_for_start()
job.state_dir.touch()
{after}
"""


def start(folder: Path, after: str) -> WorkerProcess:
    job = Job("b", "s", "f", "g", "group", folder / "began", folder / "ready")
    log = folder / "worker.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM.format(after=after), job.to_argument()],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd=Path(__file__).parents[4],
        )
    return WorkerProcess(process, job.ready_file, log)


def test_a_worker_begins_only_when_told(tmp_path: Path) -> None:
    worker = start(tmp_path, "import time; time.sleep(60)")
    try:
        worker.wait_ready()
        assert not (tmp_path / "began").exists()
        worker.start()
        wait_until((tmp_path / "began").exists, 30, "the beginning")
        assert worker.cpu_s() > 0
    finally:
        worker.end()
    assert worker.process.returncode is not None


def test_a_worker_ends_with_the_benchmark_that_started_it(tmp_path: Path) -> None:
    worker = start(tmp_path, "import time; time.sleep(60)")
    worker.wait_ready()
    assert worker.process.stdin is not None
    worker.process.stdin.close()  # what the kernel does where the benchmark is killed
    assert worker.process.wait(30) == 1


def test_a_worker_that_fails_shows_its_log(tmp_path: Path) -> None:
    worker = start(tmp_path, "sys.exit('no such broker')")
    worker.wait_ready()
    worker.start()
    worker.process.wait(30)
    with pytest.raises(BenchmarkFailed, match="no such broker"):
        worker.check()


def test_a_condition_that_never_holds_is_named() -> None:
    with pytest.raises(BenchmarkFailed, match="the miracle took more than 0 s"):
        wait_until(lambda: False, 0.0, "the miracle")


def test_a_job_survives_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job("b", "s", "f", "g", "group", Path("/state"), Path("/ready"), model_latency_s=0.02)
    monkeypatch.setattr(sys, "argv", ["peer", job.to_argument()])
    assert Job.from_arguments() == job
    assert sys.argv == ["peer"], "a framework's own command line must not see the job"


def test_a_package_that_is_not_installed_is_not_importable() -> None:
    assert is_importable("json")
    assert not is_importable("no_such_package_anywhere")
