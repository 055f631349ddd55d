"""Model-bound: the standard lane end to end, against the same Triton driven directly."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ops.bench.figures import Spread, rate_per_s, ratio
from ops.bench.load import Load
from ops.bench.pipeline import EventLog, Pipeline
from ops.bench.processes import BenchmarkFailed, tree_cpu_s
from schemas import AdmittedMessage, UrgencyAssessed
from streams.topics import DIAGNOSES, URGENCIES

__all__ = ["ModelBound", "compare"]

GRID = ((8, 4), (16, 3), (16, 4), (32, 3), (64, 3))
"""(messages in a request, requests in flight) tried for the ceiling; the fastest is the ceiling."""
_POLL_S = 0.25
_STALL_TIMEOUT_S = 60.0
_CEILING_TIMEOUT_S = 300.0


@dataclass(slots=True)
class ModelBound:
    """All rounds. Rates in messages a second; CPU in microseconds a message, of every part of the stack."""

    messages: int
    ceiling_batch: int = 0
    ceiling_in_flight: int = 0
    end_to_end: list[float] = field(default_factory=list)
    ceiling: list[float] = field(default_factory=list)
    cpu_us: dict[str, list[float]] = field(default_factory=dict)

    def document(self) -> dict[str, object]:
        """Return the figures for `--json`."""
        return {
            "messages": self.messages,
            "ratio_to_ceiling": ratio(self.end_to_end, self.ceiling),
            "rate_per_s": {"triage": Spread.of(self.end_to_end), "ceiling": Spread.of(self.ceiling)},
            "ceiling_requests": {"messages": self.ceiling_batch, "in_flight": self.ceiling_in_flight},
            "cpu_us_per_message": {part: Spread.of(values) for part, values in self.cpu_us.items()},
        }


def compare(
    pipeline: Pipeline, load: Load, messages: int, folder: Path, *, rounds: int, say: Callable[[str], None]
) -> ModelBound:
    """Take turns: the pipeline, then the ceiling, each on the same messages. Raises BenchmarkFailed."""
    result = ModelBound(messages)
    result.ceiling_batch, result.ceiling_in_flight = _best_requests(
        pipeline, load, messages // 4, folder, say
    )
    for number in range(1, rounds + 1):
        batch = [load.admitted_standard() for _ in range(messages)]
        before = _cpu_s(pipeline)
        end_to_end = _end_to_end(pipeline, batch)
        for part, cpu_s in _cpu_s(pipeline).items():
            result.cpu_us.setdefault(part, []).append((cpu_s - before[part]) * 1e6 / messages)
        ceiling = _ceiling(
            pipeline,
            [message for _, message in batch],
            folder,
            result.ceiling_batch,
            result.ceiling_in_flight,
        )
        result.end_to_end.append(end_to_end)
        result.ceiling.append(ceiling)
        say(
            f"model-bound {number}/{rounds}  end to end {end_to_end:,.1f}/s, Triton alone {ceiling:,.1f}/s, "
            f"ratio {end_to_end / ceiling:.3f}"
        )
    return result


def _end_to_end(pipeline: Pipeline, batch: list[tuple[str, AdmittedMessage]]) -> float:
    log = EventLog(pipeline.broker, URGENCIES.name, UrgencyAssessed.contract)
    target = pipeline.decided() + len(batch)
    target_diagnoses = sum(pipeline.broker.ends(DIAGNOSES.name)) + len(batch)
    pipeline.lane(batch)
    count, progress_at = 0, time.monotonic()
    while (now := pipeline.decided()) < target or sum(
        pipeline.broker.ends(DIAGNOSES.name)
    ) < target_diagnoses:
        if now > count:
            count, progress_at = now, time.monotonic()
        elif time.monotonic() - progress_at > _STALL_TIMEOUT_S:
            raise BenchmarkFailed(f"the pipeline stopped {target - now} messages before the end")
        time.sleep(_POLL_S)
    log.refresh()
    return rate_per_s(list(log.appended_at_ms.values()))


def _best_requests(
    pipeline: Pipeline, load: Load, messages: int, folder: Path, say: Callable[[str], None]
) -> tuple[int, int]:
    batch = [load.admitted_standard()[1] for _ in range(messages)]
    rates = {requests: _ceiling(pipeline, batch, folder, *requests) for requests in GRID}
    for (size, in_flight), rate in rates.items():
        say(f"Triton alone, {size} messages a request, {in_flight} in flight: {rate:,.1f}/s")
    return max(rates, key=lambda requests: rates[requests])


def _ceiling(
    pipeline: Pipeline, batch: list[AdmittedMessage], folder: Path, size: int, in_flight: int
) -> float:
    file = folder / "ceiling.jsonl"
    file.write_bytes(b"\n".join(message.model_dump_json().encode() for message in batch))
    config = pipeline.stack.config
    model_dir = config.model_repository / config.models[0] / "1"
    address = str(pipeline.stack.endpoints.triton_grpc)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "ops.bench.ceiling",
            address,
            str(model_dir),
            str(file),
            str(size),
            str(in_flight),
        ],
        capture_output=True,
        check=False,
        timeout=_CEILING_TIMEOUT_S,
    )
    if done.returncode:
        raise BenchmarkFailed(f"Triton could not be driven\n{done.stderr.decode(errors='replace')[-2000:]}")
    return float(json.loads(done.stdout)["rate_per_s"])


def _cpu_s(pipeline: Pipeline) -> dict[str, float]:
    """CPU seconds of each part of the stack with its children so far."""
    status = pipeline.stack.status()
    parts = status.parts if status else {}
    return {name: tree_cpu_s(part.process.pid) for name, part in parts.items() if part.process is not None}
