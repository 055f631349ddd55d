"""Scaling: 1, 2 and 4 worker processes of our engine on 8 partitions, engine-bound and behind a simulated model."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from ops.bench.broker import Broker
from ops.bench.codec import payload
from ops.bench.engine_bound import PEERS, Run, drain
from ops.bench.job import Job
from ops.bench.processes import wait_until, worker

__all__ = ["Scaled", "measure"]

WORKERS = (1, 2, 4)
MODEL_LATENCY_S = 0.02
_JOIN_TIMEOUT_S = 60.0
_MODULE = PEERS[0].module


@dataclass(frozen=True, slots=True)
class Scaled:
    """One row: so many workers, with or without the model's latency."""

    workers: int
    model_latency_ms: float
    rate_per_s: float
    cpu_us_per_message: float


def measure(
    broker: Broker, folder: Path, *, messages: int, model_messages: int, say: Callable[[str], None]
) -> list[Scaled]:
    """Run every combination once. `model_messages` are sent where the simulated model limits the rate."""
    rows = []
    for latency_s, count in ((0.0, messages), (MODEL_LATENCY_S, model_messages)):
        for workers in WORKERS:
            run = _run(broker, folder, workers, count, latency_s)
            row = Scaled(workers, latency_s * 1000, round(run.rate_per_s), round(run.cpu_us_per_message, 1))
            rows.append(row)
            say(
                f"scaling  {workers} workers, model latency {row.model_latency_ms:.0f} ms: "
                f"{row.rate_per_s:,.0f}/s, {row.cpu_us_per_message} us CPU a message"
            )
    return rows


def _run(broker: Broker, folder: Path, workers: int, messages: int, latency_s: float) -> Run:
    """Let all workers join on an empty topic, fill it, then let them begin."""
    name = f"scaling-{uuid4().hex[:8]}"
    jobs = [
        Job(
            bootstrap=broker.bootstrap,
            source=f"{name}-source",
            first=f"{name}-first",
            second=f"{name}-second",
            group=name,
            state_dir=folder / f"{name}-{number}",
            ready_file=folder / f"{name}-{number}.ready",
            model_latency_s=latency_s,
        )
        for number in range(workers)
    ]
    job = jobs[0]
    with broker.topics(job.source, job.first, job.second), ExitStack() as started:
        processes = [
            started.enter_context(
                worker(_MODULE, [own.to_argument()], own.ready_file, own.ready_file.with_suffix(".log"))
            )
            for own in jobs
        ]
        for process in processes:
            process.wait_ready()
        wait_until(lambda: broker.is_stable(job.group, workers), _JOIN_TIMEOUT_S, "joining the group")
        broker.fill(job.source, map(payload, range(messages)))
        for process in processes:
            process.start()
        return drain(broker, job, messages, processes)
