"""Errors of the engine itself; each ends in a crash with nothing acknowledged, never in a lost message.

TriageError
├── DeliveryFailed   the broker refused an output, or the sink stopped before it was delivered
├── RebalanceStuck   the group's rebalance did not end for this worker
└── StageFailed      a stage broke its contract, or failed on every message it was given
"""

import traceback
from pathlib import Path

from streams.errors import TriageError

__all__ = ["DeliveryFailed", "RebalanceStuck", "StageFailed", "frames_of", "named_frames"]

FRAME_LIMIT = 8


class DeliveryFailed(TriageError):
    """At least one output of a batch is not on its topic; `code` is librdkafka's name of the cause."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class RebalanceStuck(TriageError):
    """The worker was given partitions and never came to read them."""


class StageFailed(TriageError):
    """A stage cannot go on; carries the type of the cause, never its text."""

    def __init__(self, cause: str, topic: str, partition: int, offset: int) -> None:
        super().__init__(f"{cause} at {topic}-{partition}@{offset}")
        self.cause = cause
        self.topic = topic
        self.partition = partition
        self.offset = offset


def frames_of(error: BaseException) -> list[str]:
    """Where an error was raised, outermost first, as `file:line:function`; the innermost frames only.

    Stands in for a traceback in the logs: its last line, the text of the error, could quote a patient.
    """
    return named_frames(traceback.extract_tb(error.__traceback__))


def named_frames(stack: traceback.StackSummary) -> list[str]:
    """Return the innermost frames of a stack as above."""
    frames = stack[-FRAME_LIMIT:]
    return [f"{Path(frame.filename).name}:{frame.lineno}:{frame.name}" for frame in frames]
