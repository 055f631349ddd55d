"""The supervisor: the process that owns a stack, from its lock to the end of its last part."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import structlog

from ops.local import lock
from ops.local.assembly import build_parts, port_names
from ops.local.config import StackConfig
from ops.local.errors import PartFailed, StackError
from ops.local.layout import Layout
from ops.local.orphans import kill_orphans, remove_shared_memory
from ops.local.parts import Part
from ops.local.ports import choose_ports
from ops.local.process import rotate_log
from ops.local.runner import PartRunner
from ops.local.state import Failure, PartState, ProcessRef, StackState, StackStatus, read_status, write_status

__all__ = ["Supervisor", "run_supervisor"]

_log = structlog.get_logger(__name__)


class Supervisor:
    """Runs the parts of one stack until `stopping` is set or a part cannot be started at all."""

    def __init__(self, layout: Layout, parts: Sequence[Part], status: StackStatus) -> None:
        self._layout = layout
        self._status = status
        self._started = time.monotonic()
        self._runners = {part.name: PartRunner(part, layout, self._changed) for part in parts}
        status.parts = {name: runner.status for name, runner in self._runners.items()}

    async def run(self, stopping: asyncio.Event) -> None:
        """Start the parts in the order of their needs, keep them alive, and stop them in reverse.

        Raises StackError where a part could not be started; everything is stopped by then.
        """
        write_status(self._layout, self._status)
        stopped = asyncio.create_task(stopping.wait())
        runs: dict[asyncio.Task[Any], PartRunner] = {
            asyncio.create_task(self._run(runner)): runner for runner in self._runners.values()
        }
        try:
            done, _ = await asyncio.wait({stopped, *runs}, return_when=asyncio.FIRST_COMPLETED)
            for task in done & runs.keys():
                self._note_failure(runs[task], task.exception())
        finally:
            if self._status.failure is None:
                self._status.state = StackState.STOPPING
                self._changed()
            await self._stop_all()
            stopped.cancel()
            results = await asyncio.gather(*runs, return_exceptions=True)
            self._status.state = StackState.STOPPED if self._status.failure is None else StackState.FAILED
            write_status(self._layout, self._status)
        for error in results:
            if isinstance(error, BaseException):
                raise error

    async def _run(self, runner: PartRunner) -> None:
        await runner.run([self._runners[name] for name in runner.part.needs])

    async def _stop_all(self) -> None:
        """Every part ends after those that need it; parts that don't need each other end at the same time."""
        ends: dict[str, asyncio.Task[None]] = {}

        async def end(runner: PartRunner) -> None:
            dependents = [other for other in self._runners.values() if runner.part.name in other.part.needs]
            await asyncio.gather(*(ends[other.part.name] for other in dependents))
            await runner.stop()

        for name, runner in self._runners.items():
            ends[name] = asyncio.create_task(end(runner))
        await asyncio.gather(*ends.values())

    def _note_failure(self, runner: PartRunner, error: BaseException | None) -> None:
        reason = error.reason if isinstance(error, PartFailed) else str(error)
        self._status.failure = Failure(part=runner.part.name, reason=reason, log_path=runner.status.log_path)
        _log.error("part.failed", part=runner.part.name, reason=reason)

    def _changed(self) -> None:
        parts = self._status.parts.values()
        if self._status.state is StackState.STARTING and all(part.state is PartState.READY for part in parts):
            self._status.state = StackState.READY
            self._status.ready_after_s = round(time.monotonic() - self._started, 3)
            _log.info("stack.ready", took_s=self._status.ready_after_s)
        write_status(self._layout, self._status)


async def run_supervisor(config: StackConfig, stopping: asyncio.Event, *, fresh: bool = False) -> None:
    """Own the stack of `config` until `stopping` is set.

    Raises StackRunning, PreparationFailed, PartFailed or SelfTestFailed.
    """
    layout = Layout(config.data_dir)
    with lock.held(layout.lock):
        last = read_status(layout)
        kill_orphans(layout.stack_id, last)
        if fresh:
            layout.clear()
        layout.make()
        ports = choose_ports(port_names(config), last.ports if last else {})
        status = StackStatus(stack_id=layout.stack_id, supervisor=ProcessRef.current(), ports=ports)
        try:
            parts = build_parts(config, layout, ports)
        except StackError as error:
            status.state = StackState.FAILED
            status.failure = Failure(part="supervisor", reason=str(error), log_path=layout.log("supervisor"))
            write_status(layout, status)
            raise
        for part in parts:
            rotate_log(layout.log(part.name))
        try:
            await Supervisor(layout, parts, status).run(stopping)
        finally:
            remove_shared_memory(layout.stack_id)
