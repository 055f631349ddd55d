"""The nemesis spreads its faults over the load and writes down when each one was."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any, ClassVar

import pytest

from ops.chaos import nemesis
from ops.chaos.cluster import Cluster
from ops.chaos.faults import FaultKind
from ops.chaos.history import HistoryWriter, Moment
from ops.chaos.load import Load, NotAccepted
from ops.chaos.nemesis import Nemesis
from ops.chaos.workload import Kind, Message


class FakeCluster(Cluster):
    """Always whole."""

    def __init__(self) -> None:
        self.waits = 0

    def wait_until_whole(self) -> None:
        self.waits += 1

    def close(self) -> None:
        """Nothing to close."""


class FakeLoad(Load):
    """Sends a message every time somebody looks, to the end of the brisk part."""

    def __init__(self) -> None:
        self.is_over = False
        self.brisk_until = 0
        self._sent = 0

    @property
    def sent(self) -> int:  # type: ignore[override]  # a plain attribute there
        self._sent = min(self._sent + 1, self.brisk_until)
        return self._sent


@dataclass(frozen=True, slots=True)
class FakeFault(FaultKind):
    """Notes at how many tens of messages it struck, and that it was taken back."""

    recovers_from: ClassVar[Moment] = "ended"
    load: Any = None
    struck_at: Any = None

    @contextmanager
    def strike(self, cluster: Cluster, rng: Random) -> Iterator[str]:
        self.struck_at.append(self.load._sent // 10 * 10)
        yield "part"
        self.struck_at.append("over")


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nemesis, "_REST_S", 0.0)
    monkeypatch.setattr(nemesis, "_POLL_S", 0.0)


def test_faults_are_spread_over_the_messages_and_each_is_taken_back_before_the_next() -> None:
    load, cluster, lines = FakeLoad(), FakeCluster(), io.StringIO()
    struck: list[object] = []
    kind = FakeFault("fake", load=load, struck_at=struck)
    Nemesis(cluster, HistoryWriter(lines), 1, lambda _: None).run([kind, kind, kind], 400, load)
    assert struck == [100, "over", 200, "over", 300, "over"]
    assert load.brisk_until == 400
    entries = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [(entry["kind"], entry["target"], entry["recovers_from"]) for entry in entries] == [
        ("fake", "part", "ended")
    ] * 3
    assert cluster.waits == 6, "before and after each"


def test_faults_that_are_left_when_the_load_is_over_still_come() -> None:
    load = FakeLoad()
    struck: list[object] = []
    load.is_over = True
    kind = FakeFault("fake", load=load, struck_at=struck)
    Nemesis(FakeCluster(), HistoryWriter(io.StringIO()), 1, lambda _: None).run([kind] * 2, 400, load)
    assert struck.count("over") == 2


def test_messages_that_kafka_did_not_acknowledge_are_no_success() -> None:
    lines = io.StringIO()
    load = Load("127.0.0.1:1", HistoryWriter(lines))

    def messages() -> Iterator[Message]:
        yield Message(0, Kind.PLAIN, "m", "p", b"{}", "c")
        load.stop()
        yield Message(1, Kind.PLAIN, "n", "p", b"{}", "c")

    with pytest.raises(NotAccepted):
        load.run(messages(), rate=1000.0)
    assert (load.sent, load.is_over, lines.getvalue()) == (1, True, "")
