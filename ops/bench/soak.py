"""Memory: the whole pipeline at capacity for a while; resident memory of every process at start, middle and end."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil

from ops.bench.figures import percentile
from ops.bench.load import Load
from ops.bench.pipeline import Pipeline

__all__ = ["Soak", "measure", "phases"]

_IN_FLIGHT = 256
"""Messages sent and not yet decided: enough to keep the model busy, too few to grow into a backlog."""
_POLL_S = 0.2
_WARM_UP_S = 10.0
_SAMPLE_EVERY_S = 1.0
_MIB = 1024 * 1024

Sample = dict[str, float]


@dataclass(frozen=True, slots=True)
class Soak:
    """`rss_mib`: of each process, medians of the first, middle and last tenth of the time; None: it was away."""

    duration_s: float
    messages: int
    rss_mib: dict[str, dict[str, float | None]]

    def document(self) -> dict[str, object]:
        """Return the figures for `--json`."""
        return {"duration_s": round(self.duration_s), "messages": self.messages, "rss_mib": self.rss_mib}


def measure(pipeline: Pipeline, load: Load, duration_s: float, say: Callable[[str], None]) -> Soak:
    """Keep the pipeline busy through the raw topic, and look at its processes once a second."""
    feed = _Feed(pipeline, load)
    feed.run(_WARM_UP_S)
    before = feed.sent
    samples: list[Sample] = []
    began = time.monotonic()
    while (elapsed_s := time.monotonic() - began) < duration_s:
        samples.append(_rss_mib(pipeline))
        feed.run(min(_SAMPLE_EVERY_S, duration_s - elapsed_s))
    soak = Soak(time.monotonic() - began, feed.sent - before, phases(samples))
    for name, medians in soak.rss_mib.items():
        say(
            f"memory  {name:<24}"
            + "  ".join(f"{phase} {mib or 0:,.0f} MiB" for phase, mib in medians.items())
        )
    return soak


class _Feed:
    """Sends as fast as decisions come back."""

    def __init__(self, pipeline: Pipeline, load: Load) -> None:
        self._pipeline = pipeline
        self._load = load
        self._decided_before = pipeline.decided()
        self.sent = 0

    def run(self, duration_s: float) -> None:
        until = time.monotonic() + duration_s
        while time.monotonic() < until:
            waiting = self.sent - (self._pipeline.decided() - self._decided_before)
            for _ in range(_IN_FLIGHT - waiting):
                self._pipeline.send(*self._load.raw_standard())
                self.sent += 1
            time.sleep(_POLL_S)


def _rss_mib(pipeline: Pipeline) -> Sample:
    """By part and process; children are numbered in the order of their start."""
    status = pipeline.stack.status()
    sample: Sample = {}
    for name, part in (status.parts if status else {}).items():
        if part.process is None:
            continue
        root = psutil.Process(part.process.pid)
        sample[name] = root.memory_info().rss / _MIB
        for number, child in enumerate(root.children(recursive=True), start=1):
            sample[f"{name} child {number}"] = child.memory_info().rss / _MIB
    return sample


def phases(samples: Sequence[Sample]) -> dict[str, dict[str, float | None]]:
    """Return medians of the first, middle and last tenth of the samples, by process."""
    tenth = max(1, len(samples) // 10)
    middle = (len(samples) - tenth) // 2
    parts = {
        "start": samples[:tenth],
        "middle": samples[middle : middle + tenth],
        "end": samples[-tenth:],
    }
    names = {name: None for sample in samples for name in sample}
    return {
        name: {
            phase: _median([sample[name] for sample in chosen if name in sample])
            for phase, chosen in parts.items()
        }
        for name in names
    }


def _median(values: Sequence[float]) -> float | None:
    return round(percentile(values, 50), 1) if values else None
