"""Keeps one part alive: start, wait until ready, watch, end, back off, start again."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import psutil
import structlog

from ops.local.errors import NotReady, PartFailed
from ops.local.layout import Layout
from ops.local.parts import Part
from ops.local.process import MARKER, Program, clip_log, tail
from ops.local.state import PartState, PartStatus, ProcessRef

__all__ = ["PartRunner", "backoff_s"]

_log = structlog.get_logger(__name__)
_FIRST_BACKOFF_S, _LAST_BACKOFF_S = 0.2, 15.0
_HEALTHY_AFTER_S = 60.0  # what lived this long has not failed to start: the delays begin anew
_FAILED_STARTS_UNTIL_GIVING_UP = 3
_READY_POLL_S = 0.05
_MAX_LOG_BYTES = 64 * 2**20
_STOPPED = "stopped"


def backoff_s(failures: int) -> float:
    """Delay before the next start after so many short lives in a row: 0.2 s, doubled up to 15 s."""
    return min(_LAST_BACKOFF_S, _FIRST_BACKOFF_S * 2.0 ** min(failures, 16))


class PartRunner:
    """Runs one part until it is told to stop.

    `first_ready` is set once the part was ready and its `after_first_ready` is done; `status` is kept up to
    date, and `changed` called after every change.
    """

    def __init__(self, part: Part, layout: Layout, changed: Callable[[], None]) -> None:
        self.part = part
        self.first_ready = asyncio.Event()
        self.status = PartStatus(name=part.name, address=part.address, log_path=layout.log(part.name))
        self._marker = {MARKER: layout.stack_id}
        self._changed = changed
        self._stopping = asyncio.Event()
        self._finished = asyncio.Event()

    async def run(self, needed: Sequence["PartRunner"]) -> None:
        """Wait for the needed parts, then keep this one alive until `stop`.

        Raises PartFailed where it could not be started at all, or what `before_start` or `after_first_ready`
        raise.
        """
        try:
            await self._or_stopped(_all_ready(needed))
            failures = 0
            while not self._stopping.is_set():
                started = time.monotonic()
                reason = await self._live()
                failures = 0 if time.monotonic() - started > _HEALTHY_AFTER_S else failures + 1
                if not self._stopping.is_set():
                    await self._back_off(failures, reason)
        finally:
            self._set(PartState.STOPPED, process=None)
            self._finished.set()

    async def stop(self) -> None:
        """End the part and its children: within its `stop_timeout_s` by itself, then by force."""
        self._stopping.set()
        await self._finished.wait()

    async def _live(self) -> str:
        """One life of the program, from its start until nothing of it is left; why it ended."""
        self._set(PartState.STARTING, ready_after_s=None)
        started = time.monotonic()
        try:
            await self.part.before_start()
            environment = {**self.part.environment(), **self._marker}
            program = await Program.start(self.part.command(), environment, self.status.log_path)
        except (OSError, NotReady) as error:
            return str(error)
        try:
            self._set(PartState.STARTING, process=_reference(program.pid))
            reason = await self._until_ended(program, self._become_ready(program.pid, started))
            if reason is None:
                reason = await self._until_ended(program, self._watch(program.pid))
            return reason or _STOPPED
        finally:
            # A sick program is not asked to end: Triton with a dead stub would take its whole exit timeout.
            await (program.stop(self.part.stop_timeout_s) if self._stopping.is_set() else program.kill())

    async def _until_ended(self, program: Program, work: Coroutine[Any, Any, str | None]) -> str | None:
        """The result of `work`, or how the program ended where that comes first."""
        ended = asyncio.create_task(program.wait())
        try:
            return await self._or_stopped(_first(ended, work))
        finally:
            ended.cancel()

    async def _or_stopped(self, work: Coroutine[Any, Any, str | None]) -> str | None:
        working, stopped = asyncio.create_task(work), asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
            return working.result() if working.done() else _STOPPED
        finally:
            working.cancel()
            stopped.cancel()

    async def _become_ready(self, pid: int, started: float) -> str | None:
        try:
            await self._poll_ready(pid)
            if not self.first_ready.is_set():
                await self.part.after_first_ready()
        except NotReady as error:
            return str(error)
        self.first_ready.set()
        took_s = round(time.monotonic() - started, 3)
        self._set(PartState.READY, ready_after_s=took_s)
        _log.info("part.ready", part=self.part.name, pid=pid, took_s=took_s)
        return None

    async def _poll_ready(self, pid: int) -> None:
        deadline = time.monotonic() + self.part.start_timeout_s
        while True:
            try:
                return await self.part.check_ready(pid)
            except NotReady as error:
                if time.monotonic() > deadline:
                    raise NotReady(f"not ready after {self.part.start_timeout_s:.0f} s: {error}") from error
            await asyncio.sleep(_READY_POLL_S)

    async def _watch(self, pid: int) -> str:
        failures = 0
        while True:
            await asyncio.sleep(self.part.liveness_interval_s)
            clip_log(self.status.log_path, _MAX_LOG_BYTES)
            try:
                await self.part.check_alive(pid)
                failures = 0
            except NotReady as error:
                failures += 1
                _log.warning(
                    "part.liveness_failed", part=self.part.name, reason=str(error), failures=failures
                )
                if failures >= self.part.failures_until_restart:
                    return str(error)

    async def _back_off(self, failures: int, reason: str) -> None:
        self._set(PartState.BACKOFF, process=None, last_error=reason)
        if not self.first_ready.is_set() and failures >= _FAILED_STARTS_UNTIL_GIVING_UP:
            raise PartFailed(self.part.name, reason, self.status.log_path, tail(self.status.log_path))
        delay_s = backoff_s(failures)
        _log.warning("part.down", part=self.part.name, reason=reason, restart_in_s=delay_s)
        await self._or_stopped(_sleep(delay_s))
        self.status.restarts += 1

    def _set(self, state: PartState, **changes: Any) -> None:
        self.status.state = state
        for name, value in changes.items():
            setattr(self.status, name, value)
        self._changed()


async def _all_ready(needed: Sequence[PartRunner]) -> None:
    for other in needed:
        await other.first_ready.wait()


async def _sleep(delay_s: float) -> None:
    await asyncio.sleep(delay_s)


async def _first(ended: "asyncio.Task[int]", work: Coroutine[Any, Any, str | None]) -> str | None:
    working = asyncio.create_task(work)
    try:
        await asyncio.wait({ended, working}, return_when=asyncio.FIRST_COMPLETED)
        return f"ended with status {ended.result()}" if ended.done() else working.result()
    finally:
        working.cancel()


def _reference(pid: int) -> ProcessRef | None:
    try:
        return ProcessRef.of(pid)
    except psutil.NoSuchProcess:
        return None  # it ended at once; `_until_ended` tells how
