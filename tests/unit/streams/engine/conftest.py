"""Engine parts without a broker: an app that is never started, and records as aiokafka hands them out."""

from collections.abc import Callable

import pytest
from aiokafka import ConsumerRecord

from streams.engine import App
from streams.engine.chunk_size import ChunkSize
from streams.engine.transport import SafeBatchConsumer
from tests.unit.streams.engine.fake_consumer import LANE, OTHER, PLAIN, FakeThread

NOWHERE = "127.0.0.1:1"

RecordFactory = Callable[..., ConsumerRecord]


@pytest.fixture
def make_record() -> RecordFactory:
    def make(
        offset: int, value: bytes | None = b"", topic: str = "lane", partition: int = 0
    ) -> ConsumerRecord:
        return ConsumerRecord(
            topic=topic,
            partition=partition,
            offset=offset,
            timestamp=0,
            timestamp_type=0,
            key=None,
            value=value,
            checksum=None,
            serialized_key_size=0,
            serialized_value_size=len(value or b""),
            headers=(),
        )

    return make


@pytest.fixture
async def app() -> App:
    app = App("engine-test", broker=f"kafka://{NOWHERE}", sink={"bootstrap.servers": NOWHERE})
    app.topics.acking_topics.update({"lane", "plain"})
    return app


@pytest.fixture
async def consumer(app: App) -> SafeBatchConsumer:
    app.chunk_sizes["lane"] = ChunkSize(3)
    consumer: SafeBatchConsumer = app.consumer
    consumer._thread = FakeThread()
    consumer._set_active_tps({LANE, OTHER, PLAIN})
    return consumer
