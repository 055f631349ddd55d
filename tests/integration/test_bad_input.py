"""Bad and unusual input through the real broker: each row of the table comes out as the documentation says."""

import json
import struct
import time
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer

from ops.cli.cases import Case, CaseBook
from ops.cli.kafka import Follower, Sender
from ops.cli.play import Playback
from ops.local.stack import Stack
from schemas import DeadLetter, DeadLetterReason
from streams.topics import DIAGNOSES, MESSAGES, URGENCIES
from tests.integration.bad_input import ROWS, SECRET, Dead, Row, message
from tests.integration.parts import Parts

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def played(stack: Stack) -> Iterator[Playback]:
    """All rows, one after the other, with all their outcomes."""
    kafka = {"bootstrap.servers": str(stack.endpoints.kafka)}
    follower = Follower(kafka, from_start=False)
    playback = Playback(Sender(kafka), follower, on_row=lambda _: None)
    for i, row in enumerate(ROWS):
        playback.send(row.build(f"row-{i}"), list(row.headers.items()))
    assert playback.wait(60).complete
    yield playback
    follower.close()


def _outcome(playback: Playback, index: int) -> Case | DeadLetter:
    book: CaseBook = playback.book
    letter = book.dead_letters.get(playback.sender.origins[index])
    return letter if letter is not None else book.cases["bad-input", f"row-{index}"]


@pytest.mark.parametrize("index", range(len(ROWS)), ids=[row.what for row in ROWS])
def test_each_row_ends_as_the_table_says(played: Playback, index: int) -> None:
    row: Row = ROWS[index]
    found = _outcome(played, index)
    if isinstance(row.outcome, Dead):
        assert isinstance(found, DeadLetter)
        assert (found.reason, found.path) == (row.outcome.reason, row.outcome.path)
        ids = (f"row-{index}", "bad-input") if row.outcome.names_sender else (None, None)
        assert (found.message_id, found.source) == ids
        assert SECRET not in found.model_dump_json()
        return
    assert isinstance(found, Case)
    assert found.admitted is not None
    assert found.urgency is not None
    assert found.diagnosis is not None
    assert set(row.outcome.flags) <= set(found.admitted.quality_flags)
    assert set(row.outcome.nulled) == set(found.admitted.out_of_range_fields)
    reasons = {reason for review in found.reviews for reason in review.reasons}
    assert set(row.outcome.reviews) <= reasons
    if row.outcome.withheld:
        assert found.diagnosis.label is None
        assert found.urgency.provisional


def test_an_identical_copy_is_decided_once_and_other_content_is_a_conflict(playback: Playback) -> None:
    first = message(message_id="same-id", text="My knee hurts")
    other = {**first, "text": "My elbow hurts"}
    playback.send(json.dumps(first).encode())
    playback.wait(30)  # raw records without a key have no order among each other
    for document in (first, other):
        playback.send(json.dumps(document).encode())
    playback.wait(30)
    playback.follow(2.0)
    summary = playback.summary()
    assert summary.complete
    assert (summary.decided, summary.duplicates) == (1, 1)
    assert summary.dead_letters == {DeadLetterReason.MESSAGE_ID_CONFLICT.value: 1}
    decision_copies = {topic: playback.book.copies[topic] for topic in (DIAGNOSES.name, URGENCIES.name)}
    assert set(decision_copies.values()) == {0}, "the copy must not even produce events"
    (letter,) = playback.book.dead_letters.values()
    assert (letter.message_id, letter.path) == ("same-id", "message_id")


@pytest.mark.parametrize(("codec", "number"), [("gzip", 1), ("snappy", 2), ("lz4", 3), ("zstd", 4)])
def test_a_compressed_batch_is_decided(
    parts: Parts, stack: Stack, playback: Playback, codec: str, number: int
) -> None:
    ids = [f"{codec}-{i}" for i in range(20)]
    partition, offset = _produce_compressed(str(stack.endpoints.kafka), codec, ids)
    segment = parts.newest_segment(MESSAGES.name, partition)
    assert _codec_of(segment, offset) == number, "the broker holds it as it was sent"
    deadline = time.monotonic() + 60
    cases = playback.book.cases
    while not all(key in cases and cases[key].complete for key in (("bad-input", name) for name in ids)):
        assert time.monotonic() < deadline, "not all were decided"
        playback.follow(0.2)
    assert not playback.book.dead_letters


def _produce_compressed(bootstrap: str, codec: str, message_ids: list[str]) -> tuple[int, int]:
    """Send compressed batches; return the partition and offset of the first record.

    The text repeats itself: librdkafka sends a batch as it is where compressing doesn't make it smaller,
    and a flush may put the first message into a batch of its own.
    """
    text = "My knee hurts since I fell. " * 20
    places: list[tuple[int, int]] = []
    producer = Producer({"bootstrap.servers": bootstrap, "compression.type": codec, "linger.ms": 200})
    for name in message_ids:
        producer.produce(
            MESSAGES.name,
            json.dumps(message(message_id=name, text=text)).encode(),
            key=b"one partition",
            on_delivery=lambda _, record: places.append((record.partition(), record.offset())),
        )
    assert producer.flush(30) == 0
    return places[0]


def _codec_of(log: bytes, offset: int) -> int:
    """Return the compression codec of the batch that holds `offset` (Kafka's record batch format, version 2)."""
    at = 0
    while at < len(log):
        base_offset, length = struct.unpack_from(">qi", log, at)
        attributes, last_offset_delta = struct.unpack_from(">hi", log, at + 21)
        if base_offset <= offset <= base_offset + last_offset_delta:
            return int(attributes) & 0b111
        at += 12 + length
    raise AssertionError(f"offset {offset} is not in this segment")


def test_the_workers_live_on_and_no_log_holds_patient_text(
    played: Playback, parts: Parts, stack: Stack
) -> None:
    played.send(json.dumps(message(message_id="after-all", text="My knee hurts")).encode())
    assert played.wait(30).missing == 0
    status = stack.status()
    assert status is not None
    assert {name: status.parts[name].restarts for name in ("admit", "assess")} == {"admit": 0, "assess": 0}
    text = parts.logs()
    assert "admit" in text
    assert SECRET not in text
