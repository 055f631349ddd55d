"""What a benchmark's worker process is told, and how it waits for the start signal.

A worker imports and sets up, touches `ready_file`, and begins at the first line on its standard input, so that no
measurement contains the import of anything. When that input ends, so does the worker: nothing outlives a benchmark
that was killed.
"""

import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from pydantic import TypeAdapter

__all__ = ["FETCH_RECORDS", "PARTITIONS", "PRODUCER", "Job", "arm"]

PARTITIONS = 8
FETCH_RECORDS = 2000
"""Most records that a client hands out at once, for all clients that can be told."""

PRODUCER: Mapping[str, object] = {
    "acks": "all",
    "enable.idempotence": True,
    "linger.ms": 1,
    "partitioner": "murmur2_random",
    "queue.buffering.max.messages": 500_000,
}
"""librdkafka's settings, the same for every peer built on it; they are those of `streams.engine.Sink`."""


@dataclass(frozen=True, slots=True)
class Job:
    """Consume `source` as `group`; produce both outputs of each record to `first` and `second`.

    `model_latency_s`: where not 0, a simulated model answers `MODEL_BATCH` messages at a time after it.
    """

    bootstrap: str
    source: str
    first: str
    second: str
    group: str
    state_dir: Path
    ready_file: Path
    model_latency_s: float = 0.0

    @classmethod
    def from_arguments(cls) -> Self:
        """Read the job off the command line, and leave nothing there for the framework's own parser."""
        job = TypeAdapter(cls).validate_json(sys.argv[1])
        del sys.argv[1:]
        return job

    def to_argument(self) -> str:
        """Return what `from_arguments` reads."""
        return TypeAdapter(type(self)).dump_json(self).decode()

    def wait_for_start(self) -> None:
        """Say that everything is set up, and block until the benchmark says go."""
        arm(self.ready_file).wait()

    def renamed(self, **changes: object) -> Self:
        """Return a job that differs in these fields."""
        return type(self)(**{**asdict(self), **changes})


def arm(ready_file: Path) -> threading.Event:
    """Touch `ready_file`; return an event that is set by the first line on standard input."""
    started = threading.Event()
    threading.Thread(target=_listen, args=(started,), daemon=True).start()
    ready_file.touch()
    return started


def _listen(started: threading.Event) -> None:
    # Not through sys.stdin: its lock, held by a daemon thread, would stop the interpreter from ending.
    while os.read(0, 1):
        started.set()
    os._exit(1)
