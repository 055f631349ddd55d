"""A worker that is asked to end (SIGTERM) under load ends in time by itself, and nothing happens twice."""

import json
import os
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import psutil
import pytest

from ops.cli.demo import patient_message
from ops.cli.kafka import Follower, Sender
from ops.local.stack import Stack
from streams.topics import EXPRESS, STANDARD, URGENCIES
from trainer.corpus import generate

pytestmark = pytest.mark.stack

STOP_S = 10.0
WAIT_S = 100.0


class Appended:
    """How often each event id was appended to each topic since the test began."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self.copies: Counter[tuple[str, bytes]] = Counter()

    def wait(self, condition: Callable[[], bool]) -> None:
        """Read until the condition holds."""
        give_up_at = monotonic() + WAIT_S
        while not condition():
            assert monotonic() < give_up_at, "it did not happen"
            self._read(0.05)

    def drain(self) -> None:
        """Read what is still on its way."""
        give_up_at = monotonic() + 1.0
        while monotonic() < give_up_at:
            self._read(0.2)

    def events(self, *topics: str) -> int:
        return sum(topic in topics for topic, _ in self.copies)

    def _read(self, timeout_s: float) -> None:
        for record in self._follower.records(timeout_s):
            self.copies[record.topic(), dict(record.headers())["ce_id"]] += 1


@pytest.fixture
def appended(stack: Stack) -> Iterator[Appended]:
    follower = Follower({"bootstrap.servers": str(stack.endpoints.kafka)}, from_start=False)
    yield Appended(follower)
    follower.close()


def _process(stack: Stack, worker: str) -> psutil.Process:
    status = stack.status()
    assert status is not None
    process = status.parts[worker].process
    assert process is not None
    return psutil.Process(process.pid)


def _logged(stack: Stack, part: str, event: str) -> list[dict[str, Any]]:
    """The lines of a part's log with this event."""
    log = (stack.config.data_dir / "logs" / f"{part}.log").read_text(errors="replace")
    return [
        json.loads(found.group())
        for line in log.splitlines()
        if f'"{event}"' in line and (found := re.search(r"\{.*\}", line))
    ]


@pytest.mark.parametrize(
    ("worker", "message_count", "outputs"),
    [("admit", 1_500, (EXPRESS.name, STANDARD.name)), ("assess", 400, (URGENCIES.name,))],
)
def test_a_worker_ended_in_mid_load_drains_in_time_and_delivers_nothing_twice(
    stack: Stack, appended: Appended, worker: str, message_count: int, outputs: tuple[str, ...]
) -> None:
    sender = Sender({"bootstrap.servers": str(stack.endpoints.kafka)})
    for number, item in enumerate(generate(message_count, seed=17)):
        document = patient_message(item, f"drain-{worker}-{number}", patient=f"P{number % 200}")
        sender.send(json.dumps(document).encode())
    sender.flush()
    appended.wait(lambda: appended.events(*outputs) > message_count // 10)
    process = _process(stack, worker)
    os.kill(process.pid, signal.SIGTERM)
    began_s = monotonic()
    process.wait(timeout=30)
    assert monotonic() - began_s <= STOP_S
    appended.drain()
    assert appended.events(*outputs) < message_count, "the worker had finished before it was ended"
    assert _logged(stack, worker, "app_stopped")[-1]["took_s"] <= STOP_S
    ends = [line["reason"] for line in _logged(stack, "supervisor", "part.down") if line["part"] == worker]
    assert ends[-1] == "ended with status 0"
    appended.wait(lambda: appended.events(URGENCIES.name) == message_count)
    appended.drain()
    assert {event: count for event, count in appended.copies.items() if count > 1} == {}
