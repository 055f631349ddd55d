"""The network between the workers and their servers turns slow, is cut, or goes silent: nothing is lost.

The tests themselves send and read past the proxies.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import pytest
from redis import Redis
from testcontainers.core.network import Network

from ops.cli.demo import patient_message
from ops.cli.kafka import Follower, Sender
from ops.cli.play import Playback
from ops.cli.stack import stack_config
from ops.local.blocking import running
from ops.local.ports import LOOPBACK, choose_ports
from ops.local.stack import Stack
from tests.integration.containers import KAFKA_PROXIED_PORT, REDIS_PORT, kafka_server, redis_server
from tests.integration.parts import on_servers
from tests.integration.stack_choice import StackChoice, why_no_toxiproxy
from tests.integration.toxiproxy import SHORTEST_LATENCY_MS, Proxy, toxiproxy
from trainer.corpus import generate

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

HOLD_S = 10.0
"""Longer than a worker's session at the broker (6 s), so that its partitions are taken from it meanwhile."""
WAIT_S = 90.0
IN_FLIGHT_S = 1.0
"""What had passed the proxy when the fault began is on the topics by then."""

Fault = Callable[[Proxy], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Proxied:
    """A stack whose workers reach Kafka and Redis through proxies, and the direct ways for the tests."""

    kafka: str
    redis: Redis
    proxies: dict[str, Proxy]


@pytest.fixture(scope="module")
def proxied(stack_choice: StackChoice, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    if missing := why_no_toxiproxy(stack_choice):
        pytest.skip(f"faults of the network need containers: {missing}")
    ports = choose_ports(["kafka", "redis"], {})
    ways = {"kafka": (KAFKA_PROXIED_PORT, ports["kafka"]), "redis": (REDIS_PORT, ports["redis"])}
    with (
        Network() as network,
        kafka_server(network, ports["kafka"]) as kafka,
        redis_server(network) as redis,
        toxiproxy(network, ways) as proxies,
    ):
        config = on_servers(
            stack_config(tmp_path_factory.mktemp("proxied")),
            f"{LOOPBACK}:{ports['kafka']}",
            f"redis://:{redis.password}@{LOOPBACK}:{ports['redis']}/0",
        )
        with running(Stack(config)):
            yield Proxied(kafka.bootstrap, redis.client, proxies)


@pytest.fixture
def playback(proxied: Proxied) -> Iterator[Playback]:
    kafka = {"bootstrap.servers": proxied.kafka}
    follower = Follower(kafka, from_start=False)
    yield Playback(Sender(kafka), follower, on_row=lambda _: None)
    follower.close()


def _payloads(name: str, count: int) -> list[bytes]:
    return [
        json.dumps(patient_message(item, f"{name}-{i}", patient=f"P{i % 50}")).encode()
        for i, item in enumerate(generate(count, seed=23))
    ]


def _decided(playback: Playback, after_s: float = 0.0) -> int:
    playback.follow(after_s)
    return playback.summary().decided


def _assert_each_decided_once(playback: Playback, count: int) -> None:
    summary = playback.wait(WAIT_S)
    assert (summary.missing, summary.contradicted, summary.unreadable) == (0, 0, 0)
    assert (summary.decided, summary.dead_letters.total()) == (count, 0)


def test_a_slow_way_to_the_broker_loses_nothing(proxied: Proxied, playback: Playback) -> None:
    with proxied.proxies["kafka"].latency():
        playback.play(_payloads("slow", 150))
        _assert_each_decided_once(playback, 150)
    ways = 4  # to admission, back to the lane, to assessment, back to the decision
    assert min(playback.summary().latencies_ms) > ways * SHORTEST_LATENCY_MS, "the workers go another way"


@pytest.mark.parametrize("fault", [Proxy.cut, Proxy.half_open])
def test_a_lost_way_to_the_broker_loses_nothing_and_work_goes_on_behind_it(
    proxied: Proxied, playback: Playback, fault: Fault
) -> None:
    payloads = _payloads(fault.__name__, 400)
    for payload in payloads[:300]:
        playback.send(payload)
    while _decided(playback, 0.05) < 10:
        pass
    with fault(proxied.proxies["kafka"]):
        decided = _decided(playback, IN_FLIGHT_S)
        assert decided < 300, "the way must be lost while messages are on it"
        for payload in payloads[300:]:
            playback.send(payload)
        assert _decided(playback, HOLD_S) == decided, "the workers go another way"
    _assert_each_decided_once(playback, 400)


@pytest.mark.parametrize("fault", [Proxy.latency, Proxy.cut, Proxy.half_open])
def test_without_a_good_way_to_the_ledger_work_goes_on_and_the_ledger_is_told_later(
    proxied: Proxied, playback: Playback, fault: Fault
) -> None:
    payloads = _payloads(f"ledger-{fault.__name__}", 200)
    known = proxied.redis.dbsize()
    playback.play(payloads[:50])
    _assert_each_decided_once(playback, 50)
    assert proxied.redis.dbsize() == known + 50
    with fault(proxied.proxies["redis"]):
        playback.play(payloads[50:150])
        _assert_each_decided_once(playback, 150)
        if fault is not Proxy.latency:
            assert proxied.redis.dbsize() == known + 50, "the workers go another way"
    playback.play(payloads[150:])
    _assert_each_decided_once(playback, 200)
    assert proxied.redis.dbsize() == known + 200
