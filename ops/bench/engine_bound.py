"""Engine-bound: the same job on every engine, one process each, in interleaved rounds on one broker."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from ops.bench.broker import Broker
from ops.bench.figures import WARM_UP_SHARE, Spread, rate_per_s, ratio
from ops.bench.job import Job
from ops.bench.processes import BenchmarkFailed, WorkerProcess, is_importable, worker

__all__ = ["PEERS", "EngineBound", "Peer", "Run", "compare", "drain"]

_POLL_S = 0.25
_STALL_TIMEOUT_S = 60.0
_COMMIT_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Peer:
    """One engine: its program, and the package it needs (None: the product's own)."""

    name: str
    module: str
    package: str | None = None


PEERS = (
    Peer("triage", "ops.bench.peers.triage_engine"),
    Peer("triage_as_deployed", "ops.bench.peers.triage_as_deployed"),
    Peer("aiokafka", "ops.bench.peers.aiokafka_plain"),
    Peer("aiokafka_collecting_less", "ops.bench.peers.aiokafka_collecting_less"),
    Peer("quixstreams", "ops.bench.peers.quix_streams", "quixstreams"),
    Peer("faststream", "ops.bench.peers.fast_stream", "faststream"),
    Peer("confluent_kafka", "ops.bench.peers.confluent_plain"),
)


@dataclass(frozen=True, slots=True)
class Run:
    """One engine in one round. `rate_per_s`: messages, each with both outputs delivered."""

    rate_per_s: float
    cpu_us_per_message: float


@dataclass(slots=True)
class EngineBound:
    """All rounds. `skipped`: why an engine has no figures."""

    messages: int
    runs: dict[str, list[Run]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, object]:
        """Return the figures for `--json`."""
        rates = {name: [run.rate_per_s for run in runs] for name, runs in self.runs.items()}
        ours = rates["triage"]
        return {
            "messages": self.messages,
            **{f"ratio_to_{name}": ratio(ours, rates.get(name, [])) for name in _peer_names()},
            "rate_per_s": {name: Spread.of(values, 0) for name, values in rates.items()},
            "cpu_us_per_message": {
                name: Spread.of([run.cpu_us_per_message for run in runs]) for name, runs in self.runs.items()
            },
            "skipped": self.skipped,
        }


def _peer_names() -> list[str]:
    return [peer.name for peer in PEERS if peer.name != "triage"]


def compare(
    broker: Broker,
    source: str,
    messages: int,
    folder: Path,
    *,
    rounds: int,
    say: Callable[[str], None],
    peers: Sequence[Peer] = PEERS,
) -> EngineBound:
    """Run every engine once a round over the `messages` records of `source`, which stays as it is.

    Raises BenchmarkFailed where an engine loses or repeats a message, or ends.
    """
    result = EngineBound(messages)
    for peer in peers:
        if peer.package is not None and not is_importable(peer.package):
            result.skipped[peer.name] = f"{peer.package} is not installed: `make peers` brings it"
            say(f"{peer.name}: skipped, {result.skipped[peer.name]}")
    present = [peer for peer in peers if peer.name not in result.skipped]
    for number in range(1, rounds + 1):
        for peer in _rotated(present, number):
            run = _run(broker, source, messages, folder, peer)
            result.runs.setdefault(peer.name, []).append(run)
            say(
                f"engine-bound {number}/{rounds}  {peer.name:<26}{run.rate_per_s:>9,.0f}/s"
                f"{run.cpu_us_per_message:>8.1f} us CPU a message"
            )
    return result


def _rotated(peers: Sequence[Peer], by: int) -> list[Peer]:
    """Nobody always runs after the same neighbour."""
    start = by % max(1, len(peers))
    return [*peers[start:], *peers[:start]]


def _run(broker: Broker, source: str, messages: int, folder: Path, peer: Peer) -> Run:
    name = f"{peer.name}-{uuid4().hex[:8]}"
    job = Job(
        bootstrap=broker.bootstrap,
        source=source,
        first=f"{name}-first",
        second=f"{name}-second",
        group=name,
        state_dir=folder / name,
        ready_file=folder / f"{name}.ready",
    )
    with (
        broker.topics(job.first, job.second),
        worker(peer.module, [job.to_argument()], job.ready_file, folder / f"{name}.log") as process,
    ):
        process.wait_ready()
        process.start()
        return drain(broker, job, messages, [process])


def drain(
    broker: Broker,
    job: Job,
    messages: int,
    workers: Sequence[WorkerProcess],
    warm_up_share: float = WARM_UP_SHARE,
) -> Run:
    """Watch running workers until all outputs and offsets are there; measure. Raises BenchmarkFailed."""
    samples = _watch(broker, job, messages, workers)
    _check_offsets(broker, job, messages)
    for topic in (job.first, job.second):
        appended = broker.read(topic)
        distinct = len({record.key for record in appended})
        if not len(appended) == distinct == messages:
            raise BenchmarkFailed(
                f"{job.group}: {len(appended)} outputs of {distinct} of {messages} messages on {topic}"
            )
    (count_before, cpu_before_s), (count, cpu_s) = _ends(samples, messages * warm_up_share)
    return Run(
        rate_per_s=rate_per_s([record.appended_at_ms for record in appended], warm_up_share),
        cpu_us_per_message=(cpu_s - cpu_before_s) * 1e6 / (count - count_before),
    )


Sample = tuple[int, float]
"""Outputs so far, and the CPU seconds spent by then."""


def _watch(broker: Broker, job: Job, messages: int, workers: Sequence[WorkerProcess]) -> list[Sample]:
    samples: list[Sample] = [(0, sum(process.cpu_s() for process in workers))]
    progress_at = time.monotonic()
    while samples[-1][0] < messages:
        time.sleep(_POLL_S)
        count = min(sum(broker.ends(job.first)), sum(broker.ends(job.second)))
        if count > samples[-1][0]:
            progress_at = time.monotonic()
            samples.append((count, sum(process.cpu_s() for process in workers)))
        elif time.monotonic() - progress_at > _STALL_TIMEOUT_S:
            raise BenchmarkFailed(f"{job.group} stopped at {count} of {messages}")
    return samples


def _ends(samples: Sequence[Sample], warm_up_messages: float) -> tuple[Sample, Sample]:
    """The first sample after the warm-up (or the one before the last), and the last."""
    warm = [sample for sample in samples[:-1] if sample[0] >= warm_up_messages]
    return (warm[0] if warm else samples[-2]), samples[-1]


def _check_offsets(broker: Broker, job: Job, messages: int) -> None:
    """All offsets are committed in the end. That they move only after delivery is the peers' code, not seen here."""
    give_up_at = time.monotonic() + _COMMIT_TIMEOUT_S
    while (committed := broker.committed(job.group, job.source)) != messages:
        if time.monotonic() > give_up_at:
            raise BenchmarkFailed(f"{job.group} committed {committed} of {messages}")
        time.sleep(_POLL_S)
