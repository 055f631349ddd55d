"""Faust, made safe and fast: at-least-once batches, without losing a message to a crash, a rebalance or a
bug.

Read `stage` (what a stage is), `runner` (how it is run), then `transport` (what Faust does otherwise). Does
not cover exactly-once: outputs can be delivered twice, so event ids must be deterministic and sinks
idempotent.
"""

from streams.engine.app import App
from streams.engine.errors import DeliveryFailed, StageFailed
from streams.engine.progress import Progress
from streams.engine.runner import run_batches
from streams.engine.sink import Sink
from streams.engine.stage import INTERNAL_ERROR, PAYLOAD_TOO_LARGE, Output, RetryPolicy, Stage
from streams.engine.topic import BatchTopic

__all__ = [
    "INTERNAL_ERROR",
    "PAYLOAD_TOO_LARGE",
    "App",
    "BatchTopic",
    "DeliveryFailed",
    "Output",
    "Progress",
    "RetryPolicy",
    "Sink",
    "Stage",
    "StageFailed",
    "run_batches",
]
