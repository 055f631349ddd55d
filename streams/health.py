"""What a worker tells its operators over HTTP: is it alive, is it ready, how far is it behind.

`/health/live`: the event loop turns; restart the process where it doesn't answer. `/health/ready`: it has its
partitions and could process a message now; while the model is away it is not ready, and alive. `/metrics`: Prometheus.
"""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

import structlog
from faust.web import Request, Response, View
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from streams.engine import App
from streams.metrics import CONSUMER_LAG, EVENT_LOOP_LAG

__all__ = ["add_pages"]

log = structlog.get_logger(__name__)

Check = Callable[[], Awaitable[bool]]

_LOOP_CHECK_S = 0.5
_BROKER_TIMEOUT_S = 2.0


def add_pages(app: App, dependencies: dict[str, Check]) -> None:
    """Add the pages. `dependencies`: what the stage cannot work without, by name."""

    @app.page("/health/live")
    async def live(view: View, request: Request) -> Response:
        return view.json({"live": True})

    @app.page("/health/ready")
    async def ready(view: View, request: Request) -> Response:
        waits_for = await _waits_for(app, dependencies)
        return view.json({"ready": not waits_for, "waits_for": waits_for}, status=503 if waits_for else 200)

    @app.page("/metrics")
    async def metrics(view: View, request: Request) -> Response:
        await _measure_lag(app)
        return view.bytes(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    @app.task
    async def measure_event_loop() -> None:
        while not app.should_stop:
            due_s = monotonic() + _LOOP_CHECK_S
            await asyncio.sleep(_LOOP_CHECK_S)
            EVENT_LOOP_LAG.observe(max(0.0, monotonic() - due_s))


async def _waits_for(app: App, dependencies: dict[str, Check]) -> list[str]:
    joined = app.started and app.consumer_generation_id > 0 and not app.rebalancing
    missing = [] if joined else ["partitions"]
    return missing + [name for name, is_there in dependencies.items() if not await is_there()]


async def _measure_lag(app: App) -> None:
    """Ask the broker for the ends: what a paused consumer has last seen of them is old."""
    consumer: Any = app.consumer
    assignment = consumer.assignment() if app.started else set()
    CONSUMER_LAG.clear()
    if not assignment:
        return
    try:
        async with asyncio.timeout(_BROKER_TIMEOUT_S):
            ends = await consumer.highwaters(*assignment)
    except Exception as error:  # noqa: BLE001 - the other metrics matter most when the broker is away
        log.warning("lag_unknown", error=type(error).__name__)
        return
    for tp, end in ends.items():
        committed = consumer._committed_offset[tp] or 0
        CONSUMER_LAG.labels(tp.topic, tp.partition).set(max(0, end - committed))
