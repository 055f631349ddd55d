"""What is measured of a stage's calls."""

from collections.abc import Sequence
from time import time

import pytest
from aiokafka import ConsumerRecord
from prometheus_client import REGISTRY

from streams.engine import Output
from streams.errors import Rejected, Unavailable
from streams.measured import MeasuredStage

AGE_S = 40.0


class Stage:
    fails = False

    def decode(self, record: ConsumerRecord) -> bytes:
        value: bytes = record.value
        return value

    async def handle(self, items: Sequence[tuple[ConsumerRecord, bytes]]) -> list[list[Output]]:
        if self.fails:
            raise Unavailable("model")
        return [[] for _ in items]

    async def dead_letter(self, record: ConsumerRecord, cause: Rejected) -> Output:
        return Output("dead", None, None)


def record(topic: str) -> ConsumerRecord:
    appended_ms = int((time() - AGE_S) * 1000)
    return ConsumerRecord(topic, 0, 0, appended_ms, 1, None, b"", None, 0, 0, ())


def sample(name: str, topic: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, {"topic": topic, **labels})


async def test_a_call_is_measured_by_its_size_and_the_age_of_its_messages() -> None:
    items = [(record("aged"), b"") for _ in range(3)]
    await MeasuredStage("aged", Stage()).handle(items)
    assert sample("triage_chunk_messages_sum", "aged") == 3
    assert sample("triage_stage_seconds_count", "aged") == 3
    assert sample("triage_stage_seconds_bucket", "aged", le="30.0") == 0
    assert sample("triage_stage_seconds_bucket", "aged", le="60.0") == 3


async def test_a_failed_call_has_a_duration_but_ends_no_message() -> None:
    stage = Stage()
    stage.fails = True
    with pytest.raises(Unavailable):
        await MeasuredStage("failing", stage).handle([(record("failing"), b"")])
    assert sample("triage_handle_seconds_count", "failing") == 1
    assert sample("triage_stage_seconds_count", "failing") is None
