"""A patient's messages keep their order within a lane, seen on first occurrences."""

from ops.chaos.checker.events import EXPRESS, STANDARD
from tests.unit.ops.chaos.made_run import MadeRun


def test_admission_in_another_order_than_the_raw_partition_is_found() -> None:
    run = MadeRun()
    first, second = run.send("a"), run.send("b")
    run.finish(second)
    run.finish(first)
    verdict = run.judge()
    assert verdict.disorder == [f"{STANDARD} from triage.messages.v1-0-0"]
    assert not verdict.passed


def test_decisions_in_another_order_than_the_lane_are_found_on_both_topics() -> None:
    run = MadeRun()
    first, second = run.send("a"), run.send("b")
    run.admit(first)
    run.admit(second)
    run.decide(second)
    run.decide(first)
    assert len(run.judge().disorder) == 2


def test_two_patients_have_no_order_between_them() -> None:
    run = MadeRun()
    first, second = run.send("a"), run.send("b")
    run.admit(second, key="q")
    run.decide(second, key="q")
    run.finish(first)
    assert run.judge().disorder == []


def test_an_express_message_may_overtake_a_standard_one_of_the_same_patient() -> None:
    run = MadeRun()
    first, second = run.send("a"), run.send("b")
    run.admit(first)
    run.admit(second, lane=EXPRESS)
    run.decide(second)
    run.decide(first)
    assert run.judge().disorder == []


def test_a_redelivered_decision_after_a_later_one_is_no_disorder() -> None:
    run = MadeRun()
    first, second = run.send("a"), run.send("b")
    run.finish(first)
    run.finish(second)
    run.admit(first)
    run.decide(first)
    assert run.judge().disorder == []


def test_a_copy_of_the_first_message_sent_later_may_be_the_one_that_is_decided() -> None:
    run = MadeRun()
    first, second, copy = run.send("a"), run.send("b"), run.send("a")
    for record in (first, second, copy):
        run.admit(record)
    run.decide(second)
    run.decide(copy)
    assert run.judge().disorder == []
