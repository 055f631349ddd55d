"""Handlers that take longer than anything of Kafka allows, and stops in the middle of work."""

import time
from collections.abc import Callable

import pytest
from aiokafka.partitioner import DefaultPartitioner
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from streams.engine import Output, Sink
from tests.integration.engine.stage import SLOW_S, is_bug, is_poison
from tests.integration.engine.support import Topics, Worker, wait_until

pytestmark = pytest.mark.stack

PARTITIONS = 4
STOP_S = 10.0


@pytest.fixture(autouse=True)
def lanes(topics: Topics) -> None:
    topics.create("first", "second", "dead", "counts", "express", "standard", "plain", partitions=PARTITIONS)


def _members(topics: Topics) -> Callable[[], list[str]]:
    admin = AdminClient({"bootstrap.servers": topics.bootstrap})
    group = f"engine-{topics.suffix}"

    def ask() -> list[str]:
        try:
            description = admin.describe_consumer_groups([group])[group].result(timeout=30)
        except KafkaException:  # the group has no coordinator yet
            return []
        return sorted(member.member_id for member in description.members)

    return ask


@pytest.mark.parametrize("kind", ["slow", "busy"])
def test_a_handler_slower_than_session_and_rebalance_keeps_its_partitions_and_works_once(
    topics: Topics, worker: Worker, kind: str
) -> None:
    standard = topics.name("standard")
    numbers = range(2_000, 2_050)  # none at fault: each would be called again, and slow again
    assert not any(is_poison(number) or is_bug(number) for number in numbers)
    worker.set_flag(kind)
    topics.produce(standard, len(numbers), partitions=1, first=numbers[0])
    process = worker.start()
    members = _members(topics)
    wait_until(lambda: bool(members()))
    (member,) = members()
    began_s = time.monotonic()
    while topics.committed(standard) < len(numbers):
        assert members() == [member], "the worker lost its place in the group"
        assert time.monotonic() - began_s < 2 * SLOW_S
        time.sleep(0.5)
    assert time.monotonic() - began_s > SLOW_S / 2
    worker.clear_flag(kind)
    assert worker.stop(process) == 0
    for output in ("first", "second"):
        assert sorted(topics.values(topics.name(output))) == list(numbers)


def _assert_no_copies(topics: Topics, count: int) -> None:
    for output in ("first", "second", "dead"):
        values = topics.values(topics.name(output))
        assert len(values) == len(set(values)), f"{output} has copies"
    at_fault = sum(is_poison(number) or is_bug(number) for number in range(count))
    assert topics.count(topics.name("first")) == count - at_fault


def test_workers_that_come_and_go_in_mid_stream_deliver_nothing_twice(topics: Topics, worker: Worker) -> None:
    standard, count = topics.name("standard"), 24_000
    topics.produce(standard, count, partitions=PARTITIONS)
    first = worker.start()
    wait_until(lambda: topics.count(topics.name("first")) > count // 8)
    second, members = worker.start(), _members(topics)
    wait_until(lambda: len(members()) == 2)
    wait_until(lambda: topics.count(topics.name("first")) > count // 2)
    assert worker.stop(first) == 0
    assert topics.count(topics.name("first")) < count, "it had finished before the group changed"
    wait_until(lambda: topics.committed(standard) == count)
    assert worker.stop(second) == 0
    _assert_no_copies(topics, count)


def test_a_worker_that_is_ended_in_mid_stream_ends_in_time_and_delivers_nothing_twice(
    topics: Topics, worker: Worker
) -> None:
    standard, count = topics.name("standard"), 12_000
    topics.produce(standard, count, partitions=PARTITIONS)
    for part in (1, 2, 3):
        process = worker.start()
        wait_until(lambda part=part: topics.count(topics.name("first")) > part * count // 4)  # type: ignore[misc]
        began_s = time.monotonic()
        assert worker.stop(process) == 0
        assert time.monotonic() - began_s <= STOP_S
    assert topics.count(topics.name("first")) < count, "the workers had finished before they were ended"
    process = worker.start()
    wait_until(lambda: topics.committed(standard) == count)
    assert worker.stop(process) == 0
    _assert_no_copies(topics, count)


async def test_the_sink_puts_a_key_where_every_other_client_of_kafka_does(topics: Topics) -> None:
    keys = [b"patient-%d" % number for number in range(300)]
    async with Sink({"bootstrap.servers": topics.bootstrap}) as sink:
        outputs = [Output(topics.name("first"), key, b"%d" % number) for number, key in enumerate(keys)]
        await (await sink.send(outputs))
    partition_of, partitions = DefaultPartitioner(), list(range(PARTITIONS))
    for partition, values in enumerate(topics.values_by_partition(topics.name("first"))):
        assert {partition_of(keys[number], partitions, partitions) for number in values} == {partition}
