"""What a reader does where a partition has no leader."""

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from streams.client import DecisionConsumer
from streams.leadership import until_led


class Watermarks:
    """A consumer whose partitions fail so many times."""

    def __init__(self, code: int, failures: int) -> None:
        self.code, self.failures = code, failures
        self.assigned: list[TopicPartition] = []

    def committed(self, partitions: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        assert timeout > 0
        return partitions

    def get_watermark_offsets(self, _partition: TopicPartition, timeout: float = 1.0) -> tuple[int, int]:
        assert timeout > 0
        if self.failures:
            self.failures -= 1
            raise KafkaException(KafkaError(self.code))
        return 3, 7

    def assign(self, partitions: list[TopicPartition]) -> None:
        self.assigned = partitions


def test_a_partition_that_gets_its_leader_a_moment_later_is_read_then() -> None:
    watermarks = Watermarks(KafkaError.NOT_LEADER_FOR_PARTITION, failures=2)
    assert until_led(watermarks.get_watermark_offsets, TopicPartition("topic", 0)) == (3, 7)


def test_another_error_is_raised_at_once() -> None:
    watermarks = Watermarks(KafkaError.TOPIC_AUTHORIZATION_FAILED, failures=2)
    with pytest.raises(KafkaException):
        until_led(watermarks.get_watermark_offsets, TopicPartition("topic", 0))
    assert watermarks.failures == 1


def test_a_reader_of_decisions_outlasts_a_change_of_leaders() -> None:
    consumer = Watermarks(KafkaError.LEADER_NOT_AVAILABLE, failures=1)
    place = TopicPartition("triage.urgency.v1", 0, 5)
    with DecisionConsumer({"bootstrap.servers": "127.0.0.1:9", "group.id": "board"}) as decisions:
        decisions._assigned(consumer, [place])
    assert consumer.assigned == [place]
