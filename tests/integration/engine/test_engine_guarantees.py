"""Nothing is lost through kill -9, outages, rebalances and bugs, and the backlog never blocks urgent work."""

import pytest

from tests.integration.engine.stage import is_bug, is_poison
from tests.integration.engine.support import Topics, Worker, wait_until

pytestmark = pytest.mark.stack

PARTITIONS = 4
OUTPUTS = ("first", "second", "dead", "counts")


@pytest.fixture
def lanes(topics: Topics) -> tuple[str, str, str]:
    topics.create(*OUTPUTS, partitions=PARTITIONS)
    express, standard, plain = topics.create("express", "standard", "plain", partitions=PARTITIONS)
    return express, standard, plain


Lanes = tuple[str, str, str]


def assert_nothing_lost(topics: Topics, count: int) -> None:
    """Each number is on both outputs, or is a dead letter if it is at fault."""
    numbers = set(range(count))
    at_fault = {number for number in numbers if is_poison(number) or is_bug(number)}
    assert set(topics.values(topics.name("first"))) == numbers - at_fault
    assert set(topics.values(topics.name("second"))) == numbers - at_fault
    assert set(topics.values(topics.name("dead"))) == at_fault


def assert_first_deliveries_in_order(topics: Topics) -> None:
    """An output topic's partition holds, copies aside, each input partition in its order."""
    for output in ("first", "second"):
        for values in topics.values_by_partition(topics.name(output)):
            first_seen = list(dict.fromkeys(values))
            for partition in range(PARTITIONS):
                of_partition = [number for number in first_seen if number % PARTITIONS == partition]
                assert of_partition == sorted(of_partition)


def test_kill_minus_9_in_mid_stream_loses_nothing_and_keeps_the_order(
    topics: Topics, worker: Worker, lanes: Lanes
) -> None:
    _, standard, plain = lanes
    count = 12_000
    topics.produce_keyed(plain, [b"a"] * 5 + [b"b"])
    topics.produce(standard, count, partitions=PARTITIONS)
    victim = worker.start()
    wait_until(lambda: topics.committed(plain) == 6 and topics.count(topics.name("first")) > count // 4)
    victim.kill()
    victim.wait()
    assert topics.count(topics.name("first")) < count, "the worker had finished before it was killed"
    topics.produce_keyed(plain, [b"a"])
    survivor = worker.start()
    wait_until(lambda: topics.committed(plain) == 7 and topics.committed(standard) == count)
    assert worker.stop(survivor) == 0
    assert_nothing_lost(topics, count)
    assert_first_deliveries_in_order(topics)
    assert sorted(topics.values(topics.name("counts"))) == [1, 1, 2, 3, 4, 5, 6], (
        "the table beside it was not restored"
    )


def test_express_flows_while_standard_is_full_and_blocked(
    topics: Topics, worker: Worker, lanes: Lanes
) -> None:
    express, standard, plain = lanes
    worker.set_flag("blocked-standard")
    topics.produce(standard, 12_000, partitions=PARTITIONS)
    process = worker.start()
    topics.produce(express, 100, partitions=PARTITIONS)
    wait_until(lambda: len(topics.values(topics.name("first"))) >= 98)
    topics.produce(express, 900, partitions=PARTITIONS, first=100)
    topics.produce_keyed(plain, [b"a", b"a", b"b"])
    wait_until(lambda: topics.committed(express) == 1_000)
    assert_nothing_lost(topics, 1_000)
    wait_until(lambda: topics.count(topics.name("counts")) == 3)
    assert worker.stop(process) == 0, "a blocked chunk must not hold up a stop"
    assert topics.committed(standard) == 0


def test_an_outage_drops_nothing_even_when_a_rebalance_and_a_stop_fall_into_it(
    topics: Topics, worker: Worker, lanes: Lanes
) -> None:
    _, standard, _ = lanes
    count = 6_000
    worker.set_flag("outage")
    topics.produce(standard, count, partitions=PARTITIONS)
    first = worker.start()
    wait_until(lambda: worker.logged("consumption_paused") == 1)
    worker.start()
    wait_until(lambda: worker.logged("consumption_paused") == 2)
    assert worker.stop(first) == 0
    assert topics.committed(standard) == 0
    assert topics.count(topics.name("first")) == 0
    worker.clear_flag("outage")

    def is_done() -> bool:
        worker.restart_crashed()  # it does crash where its rebalance gets stuck, see App.is_rebalance_stuck
        return topics.committed(standard) == count

    wait_until(is_done, timeout_s=120)
    assert_nothing_lost(topics, count)
    assert worker.logged("was never retrieved") == 0


def test_a_stage_that_fails_on_everything_crashes_the_worker_with_nothing_acked(
    topics: Topics, worker: Worker, lanes: Lanes
) -> None:
    _, standard, _ = lanes
    worker.set_flag("broken")
    topics.produce(standard, 1_000, partitions=PARTITIONS)
    assert worker.start().wait(timeout=60) != 0
    assert topics.committed(standard) == 0
    assert topics.count(topics.name("dead")) == 0
