"""Recovery is counted from the fault to the next decision about a message that came after it."""

import pytest

from ops.chaos.checker.events import RAW
from ops.chaos.history import Accepted
from tests.unit.ops.chaos.made_run import MadeRun


def _pass_through(run: MadeRun, record: Accepted, *, partition: int = 0, after_s: float) -> None:
    run.admit(record, partition=partition)
    run.wait(after_s)
    run.decide(record, partition=partition)


def test_a_decision_that_was_on_its_way_when_the_fault_came_is_no_recovery() -> None:
    run = MadeRun()
    before = run.send("before")
    run.admit(before)
    run.fault("kill_triton")
    after = run.send("after")
    run.decide(before)
    _pass_through(run, after, after_s=2.0)
    (recovery,) = run.judge().recoveries
    assert recovery.seconds == pytest.approx(2.0, abs=0.1)


def test_the_slowest_partition_counts_and_the_soonest_is_told() -> None:
    run = MadeRun()
    run.fault("kill_worker")
    slow, quick = run.send("slow", partition=0), run.send("quick", partition=1)
    undisturbed = run.send("undisturbed", partition=2)
    _pass_through(run, undisturbed, partition=2, after_s=0.1)
    _pass_through(run, quick, partition=1, after_s=1.0)
    _pass_through(run, slow, partition=0, after_s=5.0)
    (recovery,) = run.judge().recoveries
    assert recovery.seconds == pytest.approx(6.1, abs=0.1)
    assert recovery.soonest_s == pytest.approx(1.1, abs=0.1)
    expected = {"lane-0": 6.1, "lane-1": 1.1, f"{RAW}-0": 6.1, f"{RAW}-1": 1.1}
    assert recovery.partitions == pytest.approx(expected, abs=0.1)
    (told,) = run.judge().document()["recoveries"]
    assert (told["kind"], told["target"]) == ("kill_worker", "w")
    assert told["partitions"] == pytest.approx(expected, abs=0.1)


def test_a_partition_that_only_had_nothing_to_do_is_not_affected() -> None:
    run = MadeRun()
    run.fault("kill_redis")
    _pass_through(run, run.send("a"), after_s=0.1)
    run.wait(30.0)
    late = run.send("b", partition=3)
    _pass_through(run, late, partition=3, after_s=0.1)
    (recovery,) = run.judge().recoveries
    assert recovery.seconds == pytest.approx(0.1, abs=0.1)


def test_a_fault_that_lasts_counts_from_its_end() -> None:
    run = MadeRun()
    run.fault("pause_triton", lasts_ms=4000, recovers_from="ended")
    _pass_through(run, run.send("a"), after_s=1.0)
    (recovery,) = run.judge().recoveries
    assert recovery.seconds == pytest.approx(1.0, abs=0.1)


def test_without_a_message_after_the_fault_there_is_no_figure() -> None:
    run = MadeRun()
    run.finish(run.send("a"))
    run.fault("kill_triton")
    verdict = run.judge()
    assert verdict.recoveries[0].seconds is None
    assert verdict.document()["recovery_s"] == {"kill_triton": None}


def test_the_worst_of_a_kind_is_its_figure() -> None:
    run = MadeRun()
    for number, after_s in enumerate((1.0, 3.0, 2.0)):
        run.fault("kill_triton")
        _pass_through(run, run.send(f"m{number}"), after_s=after_s)
    row = run.judge().document()["recovery_by_kind"]["kill_triton"]
    expected = {"faults": 3, "median": 2.0, "max": 3.0, "soonest_max": 3.0}
    assert row == pytest.approx(expected, abs=0.1)


def test_the_worst_stands_beside_what_is_aimed_at() -> None:
    run = MadeRun()
    for number, (kind, after_s) in enumerate(
        [("kill_triton", 1.0), ("kill_triton", 4.0), ("kill_worker", 4.0)]
    ):
        run.fault(kind)
        _pass_through(run, run.send(f"m{number}"), after_s=after_s)
    run.fault("kill_redis")
    run.fault("restart_broker")
    targets = run.judge().document()["targets"]
    assert {kind: (row["aim_s"], row["met"]) for kind, row in targets.items()} == {
        "kill_triton": (3.0, False),
        "kill_worker": (10.0, True),
        "restart_broker": (15.0, None),
    }
    assert targets["kill_triton"]["worst_s"] == pytest.approx(4.0, abs=0.1)
