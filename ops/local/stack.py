"""The embedded stack as an object.

async with Stack(StackConfig(topics=..., workers=...)) as stack:
    stack.endpoints.kafka
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from ops.local.config import StackConfig
from ops.local.errors import StackNotRunning
from ops.local.layout import Layout
from ops.local.progress import Reporter, Silent
from ops.local.redis import find_redis_server, redis_url
from ops.local.spawn import SupervisorProcess, spawn_supervisor, stop_supervisor, wait_until_ready
from ops.local.state import StackStatus, read_status
from ops.local.triton_files import prepare_triton

__all__ = ["Endpoints", "Stack"]


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the servers of a running stack listen (host:port); None for one that the stack does not have."""

    kafka: str | None
    redis_url: str | None
    triton_http: str | None
    triton_grpc: str | None
    triton_metrics: str | None

    def __repr__(self) -> str:
        return (
            f"Endpoints(kafka={self.kafka}, triton_grpc={self.triton_grpc})"  # the Redis URL holds a password
        )


class Stack:
    """One embedded stack, described by `config`. Any process may ask for its status or stop it."""

    def __init__(self, config: StackConfig) -> None:
        self.config = config
        self._layout = Layout(config.data_dir)
        self._supervisor: SupervisorProcess | None = None

    async def prepare(self, reporter: Reporter | None = None) -> None:
        """Bring onto this machine what a start needs; quick where it is there. Raises PreparationFailed."""
        reporter = reporter or Silent()
        if "triton" in self.config.servers:
            await asyncio.to_thread(prepare_triton, self.config.cache_dir)
        if "redis" in self.config.servers:
            await asyncio.to_thread(find_redis_server)
        if "kafka" in self.config.servers:
            from ops.local.download import prepare_jars  # jgo: 0.7 s that `status` and `stop` need not wait

            await asyncio.to_thread(prepare_jars, self.config.cache_dir, reporter)

    async def start(
        self,
        *,
        fresh: bool = False,
        detached: bool = False,
        on_status: Callable[[StackStatus], None] | None = None,
    ) -> StackStatus:
        """Start the supervisor and wait until every part is ready.

        `fresh` deletes the data of earlier starts first. A detached stack outlives this process; any other
        one stops with it. `on_status` is called from another thread with every status seen. Raises
        StackRunning, PartFailed or StartTimeout.
        """
        spawned = await asyncio.to_thread(spawn_supervisor, self.config, fresh=fresh, detached=detached)
        self._supervisor = spawned
        try:
            return await asyncio.to_thread(wait_until_ready, self.config, spawned, on_status or _ignore)
        except asyncio.CancelledError:
            await asyncio.to_thread(stop_supervisor, self.config.data_dir, spawned)
            raise

    async def stop(self) -> None:
        """Stop everything, workers first, within bounded time. Raises StackNotRunning."""
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is not None and supervisor.process.poll() is not None:
            supervisor = None
        await asyncio.to_thread(stop_supervisor, self.config.data_dir, supervisor)

    def status(self) -> StackStatus | None:
        """The stack's state now, or None where it was never started."""
        return read_status(self._layout)

    @property
    def endpoints(self) -> Endpoints:
        """Addresses of the running stack and of the external servers that it uses. Raises StackNotRunning."""
        status = self.status()
        if status is None or status.supervisor is None or status.supervisor.find() is None:
            raise StackNotRunning(self.config.data_dir)
        at = {name: status.address(name) for name in status.ports}
        return Endpoints(
            kafka=at.get("kafka", self.config.external.kafka),
            redis_url=redis_url(self._layout, at["redis"])
            if "redis" in at
            else self.config.external.redis_url,
            triton_http=at.get("triton_http"),
            triton_grpc=at.get("triton_grpc"),
            triton_metrics=at.get("triton_metrics"),
        )

    async def __aenter__(self) -> Self:
        await self.prepare()
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


def _ignore(_: StackStatus) -> None:
    return
