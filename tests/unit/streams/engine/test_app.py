"""Safe defaults, and services that start and stop in the right order."""

from time import monotonic

import faust
import pytest

from streams.engine import App

BROKER = "kafka://127.0.0.1:1"
SINK = {"bootstrap.servers": "127.0.0.1:1"}


async def test_defaults_find_dead_workers_soon_and_never_expel_waiting_ones() -> None:
    conf = App("defaults", broker=BROKER, sink=SINK).conf
    assert (conf.broker_session_timeout, conf.broker_heartbeat_interval) == (6.0, 2.0)
    assert conf.broker_max_poll_interval > 7 * 86_400
    assert conf.broker_commit_interval == 0.5
    assert conf.stream_wait_empty


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
    app.batch_topic("lane", chunk_size=32, maxsize=4)
    assert app.chunk_sizes == {"lane": 32}


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
