"""A watch looks as often as its level is shared out for, whenever it begins."""

from datetime import UTC, datetime
from typing import Any

import pytest

from ops.release import watch
from ops.release.regression import Finding, Limits, Seen
from ops.release.watch import looks
from streams.adapters.model_log import RecordedStep
from streams.domain.live_model import LiveModel
from tests.unit.streams.domain.test_live_model import promoted


class Clock:
    """Time that passes by sleeping alone."""

    def __init__(self, now_s: float) -> None:
        self.now_s = now_s

    def time(self) -> float:
        return self.now_s

    def sleep(self, duration_s: float) -> None:
        self.now_s += duration_s


@pytest.mark.parametrize(
    ("begins_s", "window_s", "every_s", "expected"),
    [
        (0.0, 10.0, 3.0, [3.0, 6.0, 9.0, 10.0]),
        (0.0, 9.0, 3.0, [3.0, 6.0, 9.0]),
        (0.0, 2.0, 3.0, [2.0]),
        (-5.0, 6.0, 3.0, [3.0, 6.0]),  # the broker's clock is ahead of ours
        (6.5, 10.0, 3.0, [9.0, 10.0]),  # begun again
        (99.0, 10.0, 3.0, [10.0]),
    ],
)
def test_it_looks_at_the_same_moments_whenever_it_begins(
    monkeypatch: pytest.MonkeyPatch, begins_s: float, window_s: float, every_s: float, expected: list[float]
) -> None:
    clock = Clock(1_000.0 + begins_s)
    monkeypatch.setattr(watch, "time", clock)
    assert [moment - 1_000.0 for moment in looks(1_000.0, window_s, every_s)] == expected
    assert clock.now_s >= 1_000.0 + window_s


def test_a_slow_look_leaves_out_the_moments_that_it_took(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(1_000.0)
    monkeypatch.setattr(watch, "time", clock)
    moments = []
    for moment in looks(1_000.0, 10.0, 2.0):
        moments.append(moment - 1_000.0)
        clock.sleep(5.0)
    assert moments == [2.0, 8.0, 10.0]


class World:
    """A release whose version 2 was promoted at 1,000 s, and topics without records."""

    def __init__(self) -> None:
        step = promoted("2", 1)
        self.recorded = RecordedStep(0, datetime.fromtimestamp(1_000.0, UTC), step)

    def steps(self) -> list[RecordedStep]:
        return [self.recorded]

    def state(self) -> LiveModel:
        return LiveModel(self.recorded.step)

    def offsets_at(self, topics: object, timestamp_ms: int) -> dict[tuple[str, int], int]:
        return {}

    def read_on(self, topics: object, positions: object) -> list[list[object]]:
        return []


@pytest.mark.parametrize(("window_s", "every_s"), [(10.0, 3.0), (9.0, 3.0), (2.0, 3.0)])
def test_the_level_is_shared_among_as_many_looks_as_there_are(
    monkeypatch: pytest.MonkeyPatch, window_s: float, every_s: float
) -> None:
    monkeypatch.setattr(watch, "time", Clock(1_000.0))
    shared: list[int] = []

    def judge(before: Seen, after: Seen, limits: Limits) -> tuple[Finding, ...]:
        shared.append(limits.looks)
        return ()

    monkeypatch.setattr(watch, "judge", judge)
    world: Any = World()
    verdict = watch.watch(world, world, Limits(), window_s=window_s, every_s=every_s, told=lambda _: None)
    assert verdict.rolled_back_to is None
    assert shared == [len(shared)] * len(shared)
