"""A comparison refuses figures of an engine that loses something, and says which engines it left out."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ops.bench import engine_bound
from ops.bench.broker import Appended
from ops.bench.engine_bound import EngineBound, Peer, Run, compare, drain
from ops.bench.job import Job
from ops.bench.processes import BenchmarkFailed

MESSAGES = 10
JOB = Job("b", "source", "first", "second", "group", Path("/state"), Path("/ready"))


@dataclass
class FakeBroker:
    """A broker on which all work is done the second time that somebody looks."""

    bootstrap: str = "b"
    outputs: int = MESSAGES
    offsets: int = MESSAGES
    distinct: int = MESSAGES
    looks: int = 0
    topics_made: list[str] = field(default_factory=list)

    @contextmanager
    def topics(self, *names: str) -> Iterator[None]:
        self.topics_made += names
        yield

    def ends(self, topic: str) -> list[int]:
        self.looks += 1
        return [self.outputs if self.looks > 2 else 1]

    def committed(self, group: str, topic: str) -> int:
        return self.offsets

    def read(self, topic: str) -> list[Appended]:
        keys = [str(number % self.distinct).encode() for number in range(self.outputs)]
        return [Appended(key, (), appended_at_ms=10 * number) for number, key in enumerate(keys)]


class FakeWorker:
    """Spends a second of CPU time between two looks."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def cpu_s(self) -> float:
        self.seconds += 1.0
        return self.seconds


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_POLL_S", "_STALL_TIMEOUT_S", "_COMMIT_TIMEOUT_S"):
        monkeypatch.setattr(engine_bound, name, 0.0)


def drained(broker: Any) -> Run:
    return drain(broker, JOB, MESSAGES, [FakeWorker()])  # type: ignore[list-item]


def test_the_rate_is_that_of_the_brokers_clock() -> None:
    assert drained(FakeBroker()).rate_per_s == pytest.approx(100.0)


def test_cpu_time_is_counted_from_the_warm_up_on() -> None:
    assert drained(FakeBroker()).cpu_us_per_message == pytest.approx(1e6 / (MESSAGES - 1))


@pytest.mark.parametrize(
    ("broker", "complaint"),
    [
        (FakeBroker(outputs=MESSAGES - 1), "stopped at 9 of 10"),
        (FakeBroker(offsets=MESSAGES - 1), "committed 9 of 10"),
        (FakeBroker(distinct=MESSAGES - 1), "10 outputs of 9 of 10 messages"),
    ],
)
def test_an_engine_that_does_not_keep_the_guarantee_has_no_figures(
    broker: FakeBroker, complaint: str
) -> None:
    with pytest.raises(BenchmarkFailed, match=complaint):
        drained(broker)


def test_an_engine_that_is_not_installed_is_skipped_with_a_reason(tmp_path: Path) -> None:
    broker: Any = FakeBroker()
    said: list[str] = []
    absent = Peer("absent", "no.module", "no_such_package_anywhere")
    result = compare(broker, "source", MESSAGES, tmp_path, rounds=1, say=said.append, peers=[absent])
    assert "no_such_package_anywhere is not installed" in result.skipped["absent"]
    assert said
    assert broker.topics_made == []


def test_the_document_pairs_the_rounds_and_leaves_absent_engines_null() -> None:
    runs = {"triage": [Run(200.0, 5.0), Run(300.0, 5.0)], "aiokafka": [Run(100.0, 9.0), Run(100.0, 9.0)]}
    document = EngineBound(MESSAGES, runs, {"quixstreams": "not installed"}).document()
    assert document["ratio_to_aiokafka"] == 2.5
    assert document["ratio_to_quixstreams"] is None


def test_every_peer_is_a_program_of_this_package() -> None:
    folder = Path(engine_bound.__file__).parent / "peers"
    named = {peer.module.rpartition(".")[2] for peer in engine_bound.PEERS}
    assert named == {path.stem for path in folder.glob("*.py")} - {"__init__"}


def test_no_engine_always_runs_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    order: list[str] = []

    def run(_broker: Any, _source: str, _messages: int, _folder: Path, peer: Peer) -> Run:
        order.append(peer.name)
        return Run(1.0, 1.0)

    monkeypatch.setattr(engine_bound, "_run", run)
    peers: Sequence[Peer] = [Peer("a", "m"), Peer("b", "m")]
    broker: Any = FakeBroker()
    compare(broker, "source", MESSAGES, tmp_path, rounds=2, say=lambda _: None, peers=peers)
    assert order == ["b", "a", "a", "b"]
