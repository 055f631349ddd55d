"""Delivery as the sink reports it, against a scripted producer and against no broker at all."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from structlog.testing import capture_logs

from streams.engine import DeliveryFailed, Output, Sink
from streams.engine import sink as sink_module

Report = Callable[[KafkaError | None, Any], None]


class FakeProducer:
    """librdkafka's producer with room for `room` messages; reports are served by `poll`, as there."""

    def __init__(self, config: dict[str, Any], logger: Any = None) -> None:
        self.config = config
        self.room = 1_000
        self.accepted: list[Any] = []
        self.refuses: KafkaError | None = None
        self._reports: list[tuple[Report, KafkaError | None]] = []
        self._queued: list[Report] = []

    def produce(self, topic: str, value: Any, key: Any, *, headers: Any, on_delivery: Report) -> None:
        if self.refuses is not None:
            raise KafkaException(self.refuses)
        if len(self._queued) >= self.room:
            raise BufferError
        self.accepted.append((topic, key, value, headers))
        self._queued.append(on_delivery)

    def answer(self, error: KafkaError | None = None) -> None:
        self._reports += [(report, error) for report in self._queued]
        self._queued.clear()

    def poll(self, _timeout: float) -> None:
        reports, self._reports = self._reports, []
        for report, error in reports:
            report(error, None)

    def purge(self) -> None:
        self.answer(KafkaError(KafkaError._PURGE_QUEUE))

    def __len__(self) -> int:
        return len(self._queued) + len(self._reports)


@pytest.fixture
async def sink(monkeypatch: pytest.MonkeyPatch) -> Sink:
    monkeypatch.setattr(sink_module, "Producer", FakeProducer)
    monkeypatch.setattr(sink_module, "FLUSH_TIMEOUT_S", 0.05)
    sink = Sink({"bootstrap.servers": "127.0.0.1:1"})
    await sink.on_start()
    return sink


def producer_of(sink: Sink) -> FakeProducer:
    producer: Any = sink._producer
    assert isinstance(producer, FakeProducer)
    return producer


def output(number: int) -> Output:
    return Output("done", b"k", str(number).encode(), (("traceparent", b"00"),))


async def test_a_batch_is_delivered_when_all_of_it_is(sink: Sink) -> None:
    delivered = await sink.send([output(0), output(1)])
    assert not delivered.done()
    producer_of(sink).answer()
    producer_of(sink).poll(0)
    assert await delivered == 2


async def test_topic_key_value_and_repeated_headers_reach_the_producer(sink: Sink) -> None:
    await sink.send([Output("done", b"k", None, (("a", b"1"), ("a", b"2")))])
    assert producer_of(sink).accepted == [("done", b"k", None, [("a", b"1"), ("a", b"2")])]


async def test_an_empty_batch_is_delivered_at_once(sink: Sink) -> None:
    assert await (await sink.send([])) == 0


async def test_one_refused_delivery_fails_its_batch_by_name(sink: Sink) -> None:
    delivered = await sink.send([output(0), output(1)])
    producer_of(sink).answer(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED))
    producer_of(sink).poll(0)
    with pytest.raises(DeliveryFailed, match="TOPIC_AUTHORIZATION_FAILED"):
        await delivered


async def test_a_message_the_producer_refuses_fails_its_batch_by_name(sink: Sink) -> None:
    producer_of(sink).refuses = KafkaError(KafkaError.MSG_SIZE_TOO_LARGE)
    with pytest.raises(DeliveryFailed, match="MSG_SIZE_TOO_LARGE"):
        await (await sink.send([output(0)]))


async def test_a_full_queue_makes_the_sender_wait_but_not_the_event_loop_and_keeps_the_order(
    sink: Sink,
) -> None:
    producer = producer_of(sink)
    producer.room = 2
    sending = asyncio.create_task(sink.send([output(number) for number in range(6)]))
    while len(producer.accepted) < 6:
        assert not sending.done()
        await asyncio.sleep(0)  # the loop runs on: this is it
        producer.answer()
    assert [value for _, _, value, _ in producer.accepted] == [b"%d" % number for number in range(6)]
    delivered = await sending
    producer.answer()
    producer.poll(0)
    assert await delivered == 6


async def test_stopping_fails_what_is_undelivered_and_says_how_much(sink: Sink) -> None:
    delivered = await sink.send([output(0), output(1)])
    with capture_logs() as logs:
        await sink.on_stop()
    assert [(line["event"], line["messages"]) for line in logs] == [("sink_stopped_undelivered", 2)]
    with pytest.raises(DeliveryFailed):
        await delivered


async def test_stopping_also_fails_a_batch_that_was_still_waiting_for_room(sink: Sink) -> None:
    producer_of(sink).room = 1
    sending = asyncio.create_task(sink.send([output(0), output(1)]))
    await asyncio.sleep(0)
    producer_of(sink).room = 0
    producer_of(sink).answer()
    producer = producer_of(sink)
    await sink.on_stop()
    producer.room = 2
    with pytest.raises(DeliveryFailed, match="SINK_STOPPED"):
        await (await sending)


async def test_a_cancelled_sender_leaves_no_batch_to_wait_for(sink: Sink) -> None:
    producer_of(sink).room = 0
    sending = asyncio.create_task(sink.send([output(0)]))
    await asyncio.sleep(0)
    assert sink._batches
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    await asyncio.sleep(0)
    assert not sink._batches


async def test_stopping_waits_for_what_is_on_its_way(sink: Sink) -> None:
    delivered = await sink.send([output(0)])
    producer_of(sink).answer()
    with capture_logs() as logs:
        await sink.on_stop()
    assert await delivered == 1
    assert logs == []


async def test_a_stopped_sink_refuses_to_send(sink: Sink) -> None:
    await sink.on_stop()
    with pytest.raises(DeliveryFailed, match="SINK_STOPPED"):
        await sink.send([output(0)])


async def test_settings_given_override_the_safe_defaults(sink: Sink) -> None:
    assert Sink({"message.max.bytes": 4_000_000}).max_message_bytes == 4_000_000
    config = producer_of(sink).config
    assert (config["acks"], config["enable.idempotence"], config["message.timeout.ms"]) == ("all", True, 0)
    assert config["partitioner"] == "murmur2_random"


async def test_without_a_broker_messages_stay_queued_and_its_state_is_logged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sink_module, "FLUSH_TIMEOUT_S", 0.05)
    with capture_logs() as logs:
        async with asyncio.timeout(30), Sink({"bootstrap.servers": "127.0.0.1:1"}) as sink:
            delivered = await sink.send([output(0)])
            while not any(line["event"] == "librdkafka" for line in logs):  # noqa: ASYNC110 - a log line sets no event
                await asyncio.sleep(0.01)
            assert not delivered.done()
    with pytest.raises(DeliveryFailed):
        await delivered
    assert "sink_stopped_undelivered" in {line["event"] for line in logs}


async def test_a_repeated_broker_error_is_logged_once(sink: Sink) -> None:
    with capture_logs() as logs:
        for _ in range(3):
            producer_of(sink).config["error_cb"](KafkaError(KafkaError._ALL_BROKERS_DOWN))
    assert [(line["event"], line["code"]) for line in logs] == [("sink_broker_error", "_ALL_BROKERS_DOWN")]
