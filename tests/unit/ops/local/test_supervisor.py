import asyncio
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import psutil
import pytest

from ops.local.errors import NotReady, PartFailed, SelfTestFailed, StackError
from ops.local.layout import Layout
from ops.local.parts import Part
from ops.local.runner import backoff_s
from ops.local.state import PartState, StackState, StackStatus, read_status
from ops.local.supervisor import Supervisor


class Sleeper(Part):
    """A part that tells in `events` when it starts and, by its shell trap, when it ends."""

    liveness_interval_s = 0.05
    failures_until_restart = 2

    def __init__(
        self, name: str, events: Path, needs: Iterable[str] = (), script: str = "while :; do sleep 0.02; done"
    ) -> None:
        self.name = name
        self.needs = frozenset(needs)
        self.events = events
        self.script = script
        self.sick_probes = 0
        self.self_test_error: StackError | None = None

    def command(self) -> list[str]:
        trap = f"trap 'echo {self.name} ends >> {self.events}; exit 0' TERM"
        return ["sh", "-c", f"{trap}; echo {self.name} starts >> {self.events}; {self.script}"]

    def environment(self) -> Mapping[str, str]:
        return os.environ

    async def check_ready(self, pid: int) -> None:
        if f"{self.name} starts" not in self._told():
            raise NotReady("not yet")

    async def check_alive(self, pid: int) -> None:
        if self.sick_probes > 0:
            self.sick_probes -= 1
            raise NotReady("sick")

    async def after_first_ready(self) -> None:
        if self.self_test_error is not None:
            raise self.self_test_error

    def _told(self) -> str:
        return self.events.read_text() if self.events.exists() else ""


class Run:
    """A supervisor over some parts, as a background task."""

    def __init__(self, tmp_path: Path, parts: Sequence[Part]) -> None:
        self.layout = Layout(tmp_path / "data")
        self.layout.make()
        self.stopping = asyncio.Event()
        supervisor = Supervisor(self.layout, parts, StackStatus(stack_id=self.layout.stack_id))
        self.task = asyncio.create_task(supervisor.run(self.stopping))

    async def until(self, condition: Callable[[StackStatus], bool]) -> StackStatus:
        async with asyncio.timeout(20):
            while True:
                status = read_raw(self.layout)
                if status is not None and condition(status):
                    return status
                if self.task.done():
                    await self.task
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        self.stopping.set()
        await asyncio.wait_for(self.task, 20)


def read_raw(layout: Layout) -> StackStatus | None:
    return StackStatus.model_validate_json(layout.status.read_bytes()) if layout.status.exists() else None


def pid_of(status: StackStatus, part: str) -> int:
    process = status.parts[part].process
    assert process is not None
    return process.pid


async def test_parts_start_after_what_they_need_and_end_before_it(tmp_path: Path) -> None:
    events = tmp_path / "events"
    run = Run(tmp_path, [Sleeper("worker", events, needs=["kafka"]), Sleeper("kafka", events)])
    await run.until(lambda status: status.is_ready)
    await run.stop()
    assert events.read_text().splitlines() == ["kafka starts", "worker starts", "worker ends", "kafka ends"]
    status = read_status(run.layout)
    assert status is not None
    assert status.state is StackState.STOPPED
    assert status.parts["kafka"].state is PartState.STOPPED


async def test_killed_part_comes_back_and_is_counted(tmp_path: Path) -> None:
    run = Run(tmp_path, [Sleeper("kafka", tmp_path / "events")])
    first = await run.until(lambda status: status.is_ready)
    os.kill(pid_of(first, "kafka"), 9)
    second = await run.until(lambda status: status.is_ready and status.parts["kafka"].restarts == 1)
    assert pid_of(second, "kafka") != pid_of(first, "kafka")
    assert second.parts["kafka"].last_error == "ended with status -9"
    await run.stop()


async def test_sick_part_is_restarted_after_repeated_failures_only(tmp_path: Path) -> None:
    part = Sleeper("triton", tmp_path / "events")
    run = Run(tmp_path, [part])
    await run.until(lambda status: status.is_ready)
    part.sick_probes = 1
    while part.sick_probes:  # noqa: ASYNC110  # counted down by the probe
        await asyncio.sleep(0.01)
    await asyncio.sleep(3 * part.liveness_interval_s)
    assert (await run.until(lambda status: status.is_ready)).parts["triton"].restarts == 0
    part.sick_probes = 2
    status = await run.until(lambda status: status.parts["triton"].restarts == 1)
    assert status.parts["triton"].last_error == "sick"
    await run.stop()


async def test_part_that_never_starts_ends_the_stack_with_its_log(tmp_path: Path) -> None:
    events = tmp_path / "events"
    broken = Sleeper("kafka", tmp_path / "unseen", script="echo no disk; exit 7")
    broken.command = lambda: ["sh", "-c", broken.script]  # type: ignore[method-assign]
    run = Run(tmp_path, [Sleeper("redis", events), broken])
    with pytest.raises(PartFailed, match="ended with status 7") as failure:
        await asyncio.wait_for(run.task, 30)
    assert "no disk" in failure.value.log_tail
    status = read_raw(run.layout)
    assert status is not None
    assert status.failure is not None
    assert (status.state, status.failure.part) == (StackState.FAILED, "kafka")
    assert "redis ends" in events.read_text()


async def test_wrong_model_is_not_served(tmp_path: Path) -> None:
    part = Sleeper("triton", tmp_path / "events")
    part.self_test_error = SelfTestFailed("embedding differs")
    run = Run(tmp_path, [part, Sleeper("worker", tmp_path / "events", needs=["triton"])])
    with pytest.raises(SelfTestFailed):
        await asyncio.wait_for(run.task, 20)
    assert "worker starts" not in (tmp_path / "events").read_text()
    status = read_raw(run.layout)
    assert status is not None
    assert status.failure is not None
    assert status.failure.reason == "embedding differs"


async def test_stop_while_parts_still_start_leaves_nothing(tmp_path: Path) -> None:
    run = Run(tmp_path, [Sleeper("kafka", tmp_path / "events", script="sleep 60 & wait")])
    status = await run.until(lambda status: status.parts["kafka"].process is not None)
    await run.stop()
    assert not psutil.pid_exists(pid_of(status, "kafka"))


def test_delays_grow_and_are_bounded() -> None:
    delays = [backoff_s(failures) for failures in range(100)]
    assert delays == sorted(delays)
    assert (delays[0], delays[-1]) == (0.2, 15.0)
