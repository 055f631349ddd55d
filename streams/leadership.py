"""Partitions without a leader, groups without a coordinator: new ones for a moment, and where a broker was away."""

from confluent_kafka import KafkaError, KafkaException
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

__all__ = ["until_led"]

_NOT_LED = (
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.UNKNOWN_LEADER_EPOCH,
    KafkaError.FENCED_LEADER_EPOCH,
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError._NOENT,  # these two: the client, while its metadata names no leader
    KafkaError._UNKNOWN_PARTITION,
)
_TIMEOUT_S = 20.0


def _is_not_led(error: BaseException) -> bool:
    return isinstance(error, KafkaException) and error.args[0].code() in _NOT_LED


# until_led(call, *arguments): calls again while that fails for want of a leader; KafkaException after _TIMEOUT_S.
until_led = Retrying(
    retry=retry_if_exception(_is_not_led),
    wait=wait_fixed(0.05),
    stop=stop_after_delay(_TIMEOUT_S),
    reraise=True,
)
