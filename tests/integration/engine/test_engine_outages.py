"""The brokers die or hang in mid-stream: nothing is lost, and a worker can be ended meanwhile."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ops.local.blocking import start_parts
from ops.local.stack import Stack
from ops.local.state import PartState
from tests.integration.engine.stage import is_bug, is_poison
from tests.integration.engine.support import Topics, Worker, wait_until

pytestmark = pytest.mark.stack

PARTITIONS = 4
COUNT = 8_000
HANGS_S = 8.0
"""Longer than a worker's session."""
STOP_S = 15.0
"""It takes 9 s where the machine is idle; what it must not take is Faust's 90 s, nor what a supervisor grants."""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Stack]:
    """A broker of this test's own, which its supervisor starts again."""
    with start_parts(tmp_path / "kafka", {"kafka"}) as stack:
        yield stack


@pytest.fixture
def topics(broker: Stack) -> Topics:
    topics = Topics(str(broker.endpoints.kafka))
    topics.create("first", "second", "dead", "counts", "express", "standard", "plain", partitions=PARTITIONS)
    return topics


def _pid(broker: Stack) -> int:
    status = broker.status()
    assert status is not None
    process = status.parts["kafka"].process
    assert process is not None
    return process.pid


def _restarts(broker: Stack) -> int:
    """How often the broker came back; -1 while it is away."""
    status = broker.status()
    assert status is not None
    part = status.parts["kafka"]
    return part.restarts if part.state is PartState.READY else -1


def _kill(broker: Stack) -> None:
    os.kill(_pid(broker), signal.SIGKILL)
    wait_until(lambda: _restarts(broker) == 1)


def _hang(broker: Stack) -> None:
    pid = _pid(broker)
    os.kill(pid, signal.SIGSTOP)
    time.sleep(HANGS_S)
    os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("outage", [_kill, _hang])
def test_a_broker_that_dies_or_hangs_in_mid_stream_loses_nothing(
    broker: Stack, topics: Topics, worker: Worker, outage: Callable[[Stack], None]
) -> None:
    standard = topics.name("standard")
    topics.produce(standard, COUNT, partitions=PARTITIONS)
    process = worker.start()
    wait_until(lambda: topics.count(topics.name("first")) > COUNT // 4)
    outage(broker)
    assert topics.count(topics.name("first")) < COUNT, "the worker had finished before the broker went away"
    wait_until(lambda: topics.committed(standard) == COUNT)
    assert process.poll() is None, "an outage of the brokers is waited for"
    assert worker.stop(process) == 0
    at_fault = {number for number in range(COUNT) if is_poison(number) or is_bug(number)}
    for output in ("first", "second"):
        assert set(topics.values(topics.name(output))) == set(range(COUNT)) - at_fault
    assert set(topics.values(topics.name("dead"))) == at_fault


def test_a_worker_that_is_ended_while_the_brokers_are_away_ends_in_time(
    broker: Stack, topics: Topics, worker: Worker
) -> None:
    topics.produce(topics.name("standard"), COUNT, partitions=PARTITIONS)
    process = worker.start()
    wait_until(lambda: topics.count(topics.name("first")) > COUNT // 4)
    pid = _pid(broker)
    os.kill(pid, signal.SIGSTOP)
    try:
        began_s = time.monotonic()
        assert worker.stop(process) == 0
        assert time.monotonic() - began_s <= STOP_S
    finally:
        with suppress(ProcessLookupError):  # the supervisor gave it up
            os.kill(pid, signal.SIGCONT)
