"""What a worker tells its operators over HTTP: is it alive, is it ready, how far is it behind.

`/health/live`: the event loop turns; restart the process where it doesn't answer. `/health/ready`: it has its place in
the group and could process and deliver a message now; what it waits for is named. `/metrics`: Prometheus.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic

import structlog
from faust.web import Request, Response, View
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from streams.brokers import Brokers
from streams.engine import App
from streams.errors import Unavailable
from streams.metrics import CONSUMER_LAG, CONSUMPTION_PAUSED, EVENT_LOOP_LAG

__all__ = ["add_pages", "measure", "waits_for"]

log = structlog.get_logger(__name__)

Check = Callable[[], Awaitable[bool]]

_LOOP_CHECK_S = 0.5
_CHECK_TIMEOUT_S = 2.5
"""A dependency that hangs is away; who probes waits a few seconds at most."""


def add_pages(app: App, brokers: Brokers, dependencies: Mapping[str, Check]) -> None:
    """Add the pages. `dependencies`: what the stage cannot work without, by name, besides the brokers."""
    checks = {"brokers": brokers.answer, **dependencies}

    @app.page("/health/live")
    async def live(view: View, request: Request) -> Response:
        return view.json({"live": True})

    @app.page("/health/ready")
    async def ready(view: View, request: Request) -> Response:
        missing = await waits_for(app, checks)
        return view.json({"ready": not missing, "waits_for": missing}, status=503 if missing else 200)

    @app.page("/metrics")
    async def metrics(view: View, request: Request) -> Response:
        await measure(app, brokers)
        return view.bytes(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    @app.task
    async def measure_event_loop() -> None:
        while not app.should_stop:
            due_s = monotonic() + _LOOP_CHECK_S
            await asyncio.sleep(_LOOP_CHECK_S)
            EVENT_LOOP_LAG.observe(max(0.0, monotonic() - due_s))


async def waits_for(app: App, checks: Mapping[str, Check]) -> list[str]:
    """Name what keeps this worker from processing a message now.

    A dependency counts as away where its check fails, and where messages wait for it: a server can call itself ready
    and fail on every request.
    """
    if app.should_stop:
        return ["shutdown"]
    joined = app.started and app.consumer_generation_id > 0 and not app.rebalancing
    there = await asyncio.gather(*(_is_there(check) for check in checks.values()))
    away = {name for name, is_there in zip(checks, there, strict=True) if not is_there}
    return ([] if joined else ["partitions"]) + sorted(away | app.waits_for)


async def _is_there(check: Check) -> bool:
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT_S):
            return await check()
    except TimeoutError:
        return False


async def measure(app: App, brokers: Brokers) -> None:
    """Set the gauges. While the brokers are away there is no lag to tell, rather than an old one."""
    CONSUMPTION_PAUSED.clear()
    for service in app.waits_for:
        CONSUMPTION_PAUSED.labels(service).set(1)
    CONSUMER_LAG.clear()
    positions = {(tp.topic, tp.partition): offset for tp, offset in app.committed_offsets.items()}
    if not positions:
        return
    try:
        lags = await brokers.lag(positions)
    except Unavailable:
        log.warning("lag_unknown")
        return
    for (topic, partition), records in lags.items():
        CONSUMER_LAG.labels(topic, partition).set(records)
