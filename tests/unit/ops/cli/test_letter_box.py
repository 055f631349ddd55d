"""A record that is sent again goes where it was, as it was."""

from dataclasses import dataclass, field

import pytest

from ops.cli import letter_box
from ops.cli.letter_box import LetterBox
from ops.cli.record_key import record_key
from schemas import Origin
from streams.topics import EXPRESS, FEEDBACK, MESSAGES, STANDARD
from tests.unit.streams.factories import dead_letter

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PAYLOAD = b'{"message_id": "m1", "patient_id": "p1"}'


@dataclass
class FakeProducer:
    """Takes the place of Kafka's: remembers topic, key, partition and headers."""

    config: object
    sent: list[tuple[str, bytes | None, int, dict[str, bytes]]] = field(default_factory=list)

    def produce(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None,
        partition: int,
        headers: list[tuple[str, bytes]],
        on_delivery: object,
    ) -> None:
        self.sent.append((topic, key, partition, dict(headers)))

    def flush(self, timeout_s: float) -> int:
        return 0


@pytest.fixture
def producer(monkeypatch: pytest.MonkeyPatch) -> FakeProducer:
    producer = FakeProducer(None)
    monkeypatch.setattr(letter_box, "Producer", lambda _: producer)
    monkeypatch.setattr(letter_box, "Consumer", lambda _: None)
    return producer


@pytest.mark.parametrize(
    ("topic", "key", "partition"),
    [
        (MESSAGES.name, None, -1),
        (EXPRESS.name, b"p1", 3),
        (STANDARD.name, b"p1", 3),
        (FEEDBACK.name, b"m1", 3),
    ],
)
def test_a_record_keeps_its_key_and_its_partition(
    producer: FakeProducer, topic: str, key: bytes | None, partition: int
) -> None:
    letter = dead_letter(Origin(topic=topic, partition=3, offset=7))
    LetterBox({}).send_again(letter, PAYLOAD)
    assert producer.sent == [(topic, key, partition, {"triage_replayed_from": str(letter.event_id).encode()})]


def test_a_record_keeps_its_type_and_its_trace(producer: FakeProducer) -> None:
    letter = dead_letter(Origin(topic=MESSAGES.name, partition=0, offset=7))
    LetterBox({}).send_again(
        letter.model_copy(update={"ce_type": "triage.messages.v2", "traceparent": TRACE}), PAYLOAD
    )
    ((_, _, _, headers),) = producer.sent
    assert (headers["ce_type"], headers["traceparent"]) == (b"triage.messages.v2", TRACE.encode())


@pytest.mark.parametrize("payload", [b"", b"\xff", b"[]", b"{}", b'{"message_id": 5}'])
def test_what_cannot_be_read_has_no_key(payload: bytes) -> None:
    assert record_key(FEEDBACK.name, payload) is None
