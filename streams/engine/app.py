"""A Faust app with safe defaults, batch topics and a sink."""

import asyncio
import gc
from collections.abc import Iterable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any

import faust
import structlog
from faust.app import BootStrategy
from faust.types import TP
from mode import Service

from streams.engine.chunk_size import ChunkSize
from streams.engine.errors import RebalanceStuck
from streams.engine.log_limit import limit_client_logs
from streams.engine.sink import Sink
from streams.engine.topic import BatchTopic
from streams.engine.transport import BatchTransport
from streams.engine.watchdog import Watchdog
from streams.errors import ConfigurationError

if TYPE_CHECKING:
    from streams.engine.runner import ChunkRunner

__all__ = ["App"]

log = structlog.get_logger(__name__)

REBALANCE_CHECK_S = 1.0
COLLECT_EVERY_ALLOCATIONS = 50_000

SAFE_DEFAULTS: Mapping[str, object] = {
    # after kill -9 the partitions stall this long (Faust: 60 s); heartbeats at a third of it
    "broker_session_timeout": 6.0,
    "broker_heartbeat_interval": 2.0,
    # a member that left in the middle of a rebalance holds up the others for this long at most (Faust: 60 s)
    "broker_rebalance_timeout": 15.0,
    # aiokafka leaves the group when nothing was fetched for this long. Nothing is fetched while back-pressure
    # pauses every partition, that is, for as long as the model server is away; leaving would hand the same
    # backlog to another worker which waits for the same server. Dead workers are found by the session timeout
    # instead. (s; 23 days, within the 32 bits of the protocol's milliseconds)
    "broker_max_poll_interval": 2_000_000.0,
    "broker_max_poll_records": 2000,
    # what may be delivered twice after kill -9 grows with it (Faust: 2.8 s)
    "broker_commit_interval": 0.5,
    # a rebalance lets chunks in process finish first, at most for the drain timeout
    "stream_wait_empty": True,
}


def _collect_less_often() -> None:
    """Leave what start-up made out of every collection, and collect once in some chunks instead of many times in each.

    Why: a decoded message is dozens of objects that reference counting frees; Python's default looks for cycles
    after every 700 of them, and through everything that was ever imported now and then.
    """
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY_ALLOCATIONS)


class _Boot(BootStrategy):
    def kafka_producer(self) -> Iterable[Any]:
        """Start the sink before, and stop it after, the consumer and the agents that send to it."""
        return [*super().kafka_producer(), self.app.sink]


class App(faust.App):
    """faust.App on the safe transport.

    `sink`: librdkafka settings of the producer; TLS and SASL are configured there for outputs, and by Faust's
    own `broker_credentials` for inputs. `drain_timeout_s`: how long a rebalance or a stop waits for chunks in
    process before it abandons them; keep it below `broker_rebalance_timeout`. A stop takes five seconds more at worst,
    while the brokers hang. `stuck_rebalance_s`: a rebalance that
    takes longer has gone astray; the app crashes, so that its supervisor starts a worker that joins anew. Tables are
    recovered meanwhile: where they are large, set it higher. `stuck_loop_s`: an event loop that has not turned for so
    long ends the process, for the same reason (None: never). All other settings are Faust's; its exactly-once mode is
    refused, because it is not transactional on current brokers.
    """

    BootStrategy = _Boot

    def __init__(
        self,
        id: str,
        *,
        sink: Mapping[str, object],
        drain_timeout_s: float = 4.0,
        stuck_rebalance_s: float = 60.0,
        stuck_loop_s: float | None = None,
        **settings: Any,
    ) -> None:
        if settings.get("processing_guarantee", "at_least_once") != "at_least_once":
            raise ConfigurationError("the engine's guarantee is at_least_once")
        self.chunk_sizes: dict[str, ChunkSize] = {}
        self.chunk_runners: set[ChunkRunner] = set()
        self.drain_timeout_s = drain_timeout_s
        self.stuck_rebalance_s = stuck_rebalance_s
        self.stuck_loop_s = stuck_loop_s
        self.assigned_at_s: float | None = None
        self.sink = Sink(sink)
        limit_client_logs()
        super().__init__(id, **{**SAFE_DEFAULTS, **settings})

    def batch_topic(
        self, name: str, *, chunk_size: int, largest_chunk: int | None = None, maxsize: int
    ) -> BatchTopic:
        """A topic for `run_batches`: events of at most `chunk_size` records, `maxsize` of them waiting per
        partition. While its stage is fast they grow up to `largest_chunk` (see `ChunkSize`)."""
        size = self.chunk_sizes[name] = ChunkSize(chunk_size, largest_chunk)
        topic = BatchTopic(self, topics=[name], chunk_size=size, maxsize=maxsize)
        return topic

    async def abandon_chunks(self) -> None:
        """Cancel the chunks in process, unacked."""
        await asyncio.gather(*(runner.abandon() for runner in tuple(self.chunk_runners)))

    async def on_start(self) -> None:
        """Imports are done by now."""
        _collect_less_often()
        await super().on_start()

    @property
    def waits_for(self) -> frozenset[str]:
        """The services for which consumption pauses now; empty while everything flows."""
        return frozenset().union(*(runner.waits_for for runner in self.chunk_runners))

    @property
    def committed_offsets(self) -> Mapping[TP, int | None]:
        """What is committed of each partition that this worker owns; None: nothing is yet. Empty while it is not known,
        as in a rebalance."""
        if not self.started or self.rebalancing:
            return {}
        committed: dict[TP, int | None] = self.consumer.committed_offsets()
        return committed

    async def stop(self) -> None:
        """Drain and stop, saying how long it took: what asks it to stop kills it after a while."""
        if self.should_stop:
            await super().stop()
            return
        began_s = monotonic()
        log.info("app_stopping", app=self.conf.id)
        await super().stop()
        log.info("app_stopped", app=self.conf.id, took_s=round(monotonic() - began_s, 3))

    @Service.task
    async def _end_stuck_rebalance(self) -> None:
        """Why: Faust resumes the streams in another task than the one that is given the partitions; where two
        rebalances cross, nobody may, and the worker would hold its partitions in silence."""
        while not self.should_stop:
            await self.sleep(REBALANCE_CHECK_S)
            if self.is_rebalance_stuck():
                log.error("rebalance_stuck", app=self.conf.id)
                await self.crash(RebalanceStuck(self.conf.id))

    @Service.task
    async def _show_that_the_loop_turns(self) -> None:
        """Why: Faust heartbeats from another thread, so a worker that stands still keeps its partitions for ever."""
        if self.stuck_loop_s is None:
            return
        watchdog = Watchdog(self.stuck_loop_s)
        watchdog.start()
        try:
            while not self.should_stop:
                watchdog.beat()
                await self.sleep(watchdog.check_s)
        finally:
            watchdog.stop()

    def is_rebalance_stuck(self) -> bool:
        """Was this worker given its partitions `stuck_rebalance_s` ago, and does it still not read?"""
        return (
            self.rebalancing
            and self.assigned_at_s is not None
            and monotonic() - self.assigned_at_s > self.stuck_rebalance_s
        )

    def _new_transport(self) -> BatchTransport:
        """Why: Faust finds transports by the scheme of the broker's URL, and `kafka://` names its own."""
        return BatchTransport(self.conf.broker_consumer, self)
