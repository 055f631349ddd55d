"""Medians, percentiles and rates of measurements."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Self

__all__ = ["WARM_UP_SHARE", "Latency", "Spread", "percentile", "rate_per_s", "ratio"]

WARM_UP_SHARE = 0.1
"""Of the outputs, the first tenth is not counted: joining the group, filling the pipeline."""


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the nearest-rank percentile: a value that was measured. Raises ValueError without values."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * percent // 100))
    return ordered[int(rank) - 1]


def rate_per_s(appended_at_ms: Sequence[int], warm_up_share: float = WARM_UP_SHARE) -> float:
    """Return outputs a second between the end of the warm-up and the last output.

    Raises ValueError where all of them have the same time.
    """
    ordered = sorted(appended_at_ms)
    first = int(len(ordered) * warm_up_share)
    duration_ms = ordered[-1] - ordered[first]
    if duration_ms <= 0:
        raise ValueError("too few outputs for a rate")
    return (len(ordered) - 1 - first) * 1000 / duration_ms


def ratio(numerators: Sequence[float], denominators: Sequence[float]) -> float | None:
    """Return the median of the ratios of each round, or None where one side was not measured.

    Rounds are paired because the machine's speed drifts: both sides of a pair saw the same machine.
    """
    pairs = list(zip(numerators, denominators, strict=False))
    return round(median(top / bottom for top, bottom in pairs), 3) if pairs else None


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure that was measured in several rounds."""

    median: float
    lowest: float
    highest: float
    rounds: int

    @classmethod
    def of(cls, values: Sequence[float], digits: int = 1) -> Self:
        """Summarize; raises ValueError without values."""
        if not values:
            raise ValueError("no values")
        return cls(
            round(median(values), digits),
            round(min(values), digits),
            round(max(values), digits),
            len(values),
        )


@dataclass(frozen=True, slots=True)
class Latency:
    """Percentiles of latencies, in milliseconds."""

    p50_ms: float
    p99_ms: float
    max_ms: float
    messages: int

    @classmethod
    def of(cls, values_ms: Sequence[float]) -> Self:
        """Summarize; raises ValueError without values."""
        return cls(percentile(values_ms, 50), percentile(values_ms, 99), max(values_ms), len(values_ms))
