"""`triage bench stream`: speed, scaling and memory, all in one run on stacks of its own."""

import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from ops.bench import engine_bound, model_bound, scaling, soak
from ops.bench.broker import Broker
from ops.bench.codec import payload
from ops.bench.load import Load
from ops.bench.pipeline import running_pipeline
from ops.local.blocking import start_parts

__all__ = ["PARTS", "StreamPlan", "measure"]

PARTS = ("engine", "scaling", "model", "memory")
_SOURCE = "bench-source"


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """How much of what; `parts` of PARTS."""

    parts: Collection[str] = PARTS
    rounds: int = 3
    engine_messages: int = 100_000
    scaling_messages: int = 100_000
    scaling_model_messages: int = 12_000
    model_messages: int = 2_000
    model_rounds: int = 3
    soak_s: float = 60.0


def measure(plan: StreamPlan, say: Callable[[str], None]) -> dict[str, object]:
    """Measure the chosen parts one after the other. Raises BenchmarkFailed."""
    result: dict[str, object] = {}
    if {"engine", "scaling"}.intersection(plan.parts):
        result |= _on_a_broker(plan, say)
    if {"model", "memory"}.intersection(plan.parts):
        result |= _on_a_stack(plan, say)
    return result


def _on_a_broker(plan: StreamPlan, say: Callable[[str], None]) -> dict[str, object]:
    result: dict[str, object] = {}
    with (
        tempfile.TemporaryDirectory(prefix="triage-bench-") as name,
        start_parts(Path(name) / "kafka", {"kafka"}) as stack,
    ):
        folder = Path(name)
        broker = Broker(str(stack.endpoints.kafka))
        if "engine" in plan.parts:
            with broker.topics(_SOURCE):
                broker.fill(_SOURCE, map(payload, range(plan.engine_messages)))
                compared = engine_bound.compare(
                    broker, _SOURCE, plan.engine_messages, folder, rounds=plan.rounds, say=say
                )
            result["engine_bound"] = compared.document()
        if "scaling" in plan.parts:
            result["scaling"] = scaling.measure(
                broker,
                folder,
                messages=plan.scaling_messages,
                model_messages=plan.scaling_model_messages,
                say=say,
            )
    return result


def _on_a_stack(plan: StreamPlan, say: Callable[[str], None]) -> dict[str, object]:
    result: dict[str, object] = {}
    load = Load.generate()
    if "model" in plan.parts:
        with (
            tempfile.TemporaryDirectory(prefix="triage-bench-") as name,
            running_pipeline(("assess",)) as lane,
        ):
            compared = model_bound.compare(
                lane, load, plan.model_messages, Path(name), rounds=plan.model_rounds, say=say
            )
        result["model_bound"] = compared.document()
    if "memory" in plan.parts:
        with running_pipeline() as pipeline:
            result["memory"] = soak.measure(pipeline, load, plan.soak_s, say).document()
    return result
