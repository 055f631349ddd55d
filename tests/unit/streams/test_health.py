"""Readiness means: this worker could process and deliver a message now."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from streams import brokers as brokers_module
from streams import health
from streams.brokers import Brokers
from streams.errors import Unavailable

NOWHERE = "127.0.0.1:1"
LANE = TP("lane", 0)


def worker(**changes: Any) -> Any:
    """An app that has joined its group and lacks nothing."""
    facts = {
        "started": True,
        "should_stop": False,
        "rebalancing": False,
        "consumer_generation_id": 1,
        "waits_for": frozenset(),
        "committed_offsets": {LANE: 4},
    }
    return SimpleNamespace(**{**facts, **changes})


async def yes() -> bool:
    return True


async def no() -> bool:
    return False


async def hangs() -> bool:
    await asyncio.Event().wait()
    return True


CHECKS = {"brokers": yes, "model": yes}


async def test_a_worker_that_lacks_nothing_is_ready() -> None:
    assert await health.waits_for(worker(), CHECKS) == []


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"started": False}, ["partitions"]),
        ({"consumer_generation_id": 0}, ["partitions"]),
        ({"rebalancing": True}, ["partitions"]),
        ({"waits_for": frozenset({"model"})}, ["model"]),
        ({"should_stop": True}, ["shutdown"]),
    ],
)
async def test_a_worker_that_cannot_go_on_says_what_it_waits_for(
    changes: dict[str, Any], missing: list[str]
) -> None:
    assert await health.waits_for(worker(**changes), CHECKS) == missing


@pytest.mark.parametrize("check", [no, hangs])
async def test_what_fails_its_check_or_hangs_is_away(
    check: health.Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_CHECK_TIMEOUT_S", 0.01)
    assert await health.waits_for(worker(), {"brokers": check, "model": check}) == ["brokers", "model"]


class FakeBrokers:
    def __init__(self, *, away: bool = False) -> None:
        self._away = away

    async def lag(self, positions: dict[tuple[str, int], int | None]) -> dict[tuple[str, int], int]:
        if self._away:
            raise Unavailable("kafka")
        return {partition: 10 - (position or 0) for partition, position in positions.items()}


def lag_of_lane() -> float | None:
    return REGISTRY.get_sample_value("triage_consumer_lag_records", {"topic": "lane", "partition": "0"})


async def test_lag_counts_from_the_committed_offset_and_is_absent_while_the_brokers_are_away() -> None:
    await health.measure(worker(), FakeBrokers())  # type: ignore[arg-type]
    assert lag_of_lane() == 6
    with capture_logs() as logs:
        await health.measure(worker(), FakeBrokers(away=True))  # type: ignore[arg-type]
    assert lag_of_lane() is None
    assert [line["event"] for line in logs] == ["lag_unknown"]


async def test_a_service_that_messages_wait_for_is_shown_until_they_go_on() -> None:
    paused = ("triage_consumption_paused", {"service": "model"})
    await health.measure(worker(waits_for={"model"}), FakeBrokers())  # type: ignore[arg-type]
    assert REGISTRY.get_sample_value(*paused) == 1
    await health.measure(worker(), FakeBrokers())  # type: ignore[arg-type]
    assert REGISTRY.get_sample_value(*paused) is None


async def test_brokers_that_are_not_there_do_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brokers_module, "_TIMEOUT_S", 0.1)
    brokers = Brokers({"bootstrap.servers": NOWHERE})
    assert not await brokers.answer()
    with pytest.raises(Unavailable):
        await brokers.lag({("lane", 0): 1})
