"""Safe defaults, and services that start and stop in the right order."""

import asyncio
import gc
from time import monotonic
from types import SimpleNamespace
from typing import Any

import faust
import pytest
from structlog.testing import capture_logs

from streams.engine import App
from streams.engine import app as app_module
from streams.engine.errors import RebalanceStuck
from streams.engine.transport import SafeBatchConsumer
from streams.errors import ConfigurationError

BROKER = "kafka://127.0.0.1:1"
SINK = {"bootstrap.servers": "127.0.0.1:1"}


async def test_defaults_find_dead_workers_soon_and_never_expel_waiting_ones() -> None:
    conf = App("defaults", broker=BROKER, sink=SINK).conf
    assert (conf.broker_session_timeout, conf.broker_heartbeat_interval) == (6.0, 2.0)
    assert conf.broker_max_poll_interval > 7 * 86_400
    assert conf.broker_rebalance_timeout == 15.0
    assert conf.broker_commit_interval == 0.5
    assert conf.stream_wait_empty


async def test_exactly_once_which_would_not_be_transactional_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        App("exactly-once", broker=BROKER, sink=SINK, processing_guarantee="exactly_once")


async def test_any_kafka_url_leads_to_the_safe_consumer(app: App) -> None:
    assert isinstance(app.consumer, SafeBatchConsumer)


async def test_a_setting_given_wins_over_the_default() -> None:
    assert (
        App("own", broker=BROKER, sink=SINK, broker_session_timeout=30.0).conf.broker_session_timeout == 30.0
    )


async def test_faust_credentials_pass_through_to_the_consumer() -> None:
    credentials = faust.SASLCredentials(username="worker", password="secret", mechanism="SCRAM-SHA-512")
    app = App("sasl", broker=BROKER, sink=SINK, broker_credentials=credentials)
    aiokafka = app.consumer._thread._create_worker_consumer(app.transport)
    assert aiokafka._client._sasl_mechanism == "SCRAM-SHA-512"
    await aiokafka.stop()


async def test_the_sink_starts_before_and_stops_after_all_that_send_to_it(app: App) -> None:
    services = list(app.boot_strategy.server())
    assert services.index(app.sink) < services.index(app.consumer) < services.index(app.agents)


async def test_the_chunk_size_of_a_topic_is_known_to_the_transport(app: App) -> None:
    app.batch_topic("lane", chunk_size=32, largest_chunk=64, maxsize=4)
    size = app.chunk_sizes["lane"]
    assert (size.smallest, size.largest) == (32, 64)


@pytest.mark.parametrize(
    ("rebalancing", "assigned_s_ago", "is_stuck"),
    [(True, 61.0, True), (True, 30.0, False), (True, None, False), (False, 61.0, False)],
)
async def test_a_worker_that_has_its_partitions_and_never_reads_is_stuck(
    rebalancing: bool, assigned_s_ago: float | None, is_stuck: bool
) -> None:
    app = App("stuck", broker=BROKER, sink=SINK, stuck_rebalance_s=60.0)
    app.rebalancing = rebalancing
    app.assigned_at_s = None if assigned_s_ago is None else monotonic() - assigned_s_ago
    assert app.is_rebalance_stuck() is is_stuck


async def test_a_stuck_worker_crashes_so_that_its_supervisor_starts_another(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    crashes: list[BaseException] = []

    async def crash(reason: BaseException) -> None:
        crashes.append(reason)
        app._crashed.set()

    monkeypatch.setattr(app_module, "REBALANCE_CHECK_S", 0.0)
    monkeypatch.setattr(app, "crash", crash)
    app.rebalancing, app.assigned_at_s = True, monotonic() - app.stuck_rebalance_s - 1
    tasks = {task.fun.__name__: task for task in app._get_tasks()}
    with capture_logs() as logs:
        await asyncio.wait_for(tasks["_end_stuck_rebalance"](app), timeout=20)
    assert [type(reason) for reason in crashes] == [RebalanceStuck]
    assert [line["event"] for line in logs] == ["rebalance_stuck"]


async def test_all_that_any_stream_waits_for_is_known(app: App) -> None:
    waiting: tuple[list[str], ...] = (["model"], [], ["store", "model"])
    runners: Any = [SimpleNamespace(waits_for=frozenset(names)) for names in waiting]
    app.chunk_runners = runners
    assert app.waits_for == {"model", "store"}


async def test_a_stop_says_how_long_it_took(app: App) -> None:
    with capture_logs() as logs:
        await app.stop()
        await app.stop()
    assert [line["event"] for line in logs] == ["app_stopping", "app_stopped"]
    assert logs[1]["took_s"] < 10


async def test_a_started_app_has_what_start_up_made_out_of_every_collection(app: App) -> None:
    thresholds = gc.get_threshold()
    try:
        await app.on_start()
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold()[0] == app_module.COLLECT_EVERY_ALLOCATIONS
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)
