"""Dead letters can be worked: found, opened, sent again without deciding twice, closed."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from time import monotonic

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from ops.cli.cases import CaseBook
from ops.cli.keys import development_keys
from ops.cli.letter_box import Filter, LetterBox, NotKept, OpenLetter
from ops.cli.play import Playback
from ops.local.stack import Stack
from schemas import DeadLetter, DeadLetterReason, Origin, event_id
from schemas import Producer as Writer
from streams.adapters.cipher import FernetCipher
from streams.topics import DEADLETTERS, FEEDBACK, MESSAGES, STANDARD
from tests.integration.bad_input import message

pytestmark = pytest.mark.stack

WAIT_S = 30.0


@pytest.fixture
def cipher(stack: Stack) -> FernetCipher:
    return FernetCipher([development_keys(stack.config.data_dir)["TRIAGE_PAYLOAD_KEY"].encode()])


@pytest.fixture
def box(stack: Stack) -> Iterator[LetterBox]:
    box = LetterBox({"bootstrap.servers": str(stack.endpoints.kafka)})
    yield box
    box.close()


def _wait_for(condition: Callable[[], bool]) -> None:
    give_up_at = monotonic() + WAIT_S
    while not condition():
        assert monotonic() < give_up_at, "it did not happen"


def _place(playback: Playback, payload: bytes | None) -> str:
    index = playback.sender.send(payload)
    playback.sender.flush()
    return playback.sender.origins[index]


def _open_at(box: LetterBox, place: str) -> list[OpenLetter]:
    return [each for each in box.open_letters(Filter()) if str(each.letter.origin) == place]


def _write_letter(stack: Stack, payload: bytes, cipher: FernetCipher, origin: Origin) -> DeadLetter:
    """Write the letter of a message that an earlier version failed on, and this one would decide."""
    letter = DeadLetter(
        event_id=event_id(DeadLetter.contract, "", str(origin)),
        reason=DeadLetterReason.INTERNAL_ERROR,
        origin=origin,
        occurred_at=datetime.now(UTC),
        produced_by=Writer(service="admit", version="0.0.1"),
        payload_bytes=len(payload),
        encrypted_payload=cipher.encrypt(payload),
        payload_key_id=cipher.key_id,
    )
    producer = Producer({"bootstrap.servers": str(stack.endpoints.kafka), "partitioner": "murmur2_random"})
    producer.produce(DEADLETTERS.name, letter.model_dump_json().encode(), str(origin).encode())
    assert producer.flush(WAIT_S) == 0
    return letter


def test_a_letter_is_found_by_its_reason_and_opened_with_the_key(
    box: LetterBox, playback: Playback, cipher: FernetCipher
) -> None:
    place = _place(playback, b"\xff not text")
    _wait_for(lambda: bool(_open_at(box, place)))
    (opened,) = _open_at(box, place)
    assert opened.letter.reason is DeadLetterReason.NOT_UTF8
    assert opened.letter.event_id in {
        each.letter.event_id for each in box.open_letters(Filter(reason=DeadLetterReason.NOT_UTF8))
    }
    assert _open_at(box, place)[0] not in box.open_letters(Filter(reason=DeadLetterReason.NOT_JSON))
    assert cipher.decrypt(box.sealed_payload(opened)) == b"\xff not text"


def test_a_letter_without_a_payload_says_so(box: LetterBox, playback: Playback) -> None:
    place = _place(playback, None)
    _wait_for(lambda: bool(_open_at(box, place)))
    with pytest.raises(NotKept):
        box.sealed_payload(_open_at(box, place)[0])


def test_a_closed_letter_is_no_longer_open(box: LetterBox, playback: Playback) -> None:
    place = _place(playback, b"{")
    _wait_for(lambda: bool(_open_at(box, place)))
    box.close_letter(_open_at(box, place)[0].letter)
    assert _open_at(box, place) == []


def test_a_message_sent_again_twice_is_decided_once(
    stack: Stack, box: LetterBox, playback: Playback, cipher: FernetCipher
) -> None:
    payload = json.dumps(message(message_id="sent-again")).encode()
    letter = _write_letter(stack, payload, cipher, Origin(topic=MESSAGES.name, partition=0, offset=9_999_999))
    (opened,) = _open_at(box, str(letter.origin))
    for _ in range(2):
        box.send_again(opened.letter, cipher.decrypt(box.sealed_payload(opened)))
    box.close_letter(opened.letter)
    assert _open_at(box, str(letter.origin)) == []
    _wait_for(lambda: _follow(playback).copies[STANDARD.name] == 1)  # admitted twice
    playback.send(json.dumps(message(message_id="behind")).encode())
    assert playback.wait(WAIT_S).missing == 0  # of the same patient, so the lane was read up to here
    case = playback.book.cases["bad-input", "sent-again"]
    assert case.complete
    assert not case.contradicted
    assert playback.book.copies == {STANDARD.name: 1}


def test_a_message_of_another_version_is_sent_again_as_that_version(
    box: LetterBox, playback: Playback
) -> None:
    index = playback.sender.send(json.dumps(message()).encode(), [("ce_type", b"triage.messages.v9")])
    playback.sender.flush()
    place = playback.sender.origins[index]
    _wait_for(lambda: bool(_open_at(box, place)))
    before = box.open_letters(Filter(reason=DeadLetterReason.UNSUPPORTED_VERSION))
    box.send_again(_open_at(box, place)[0].letter, json.dumps(message()).encode())
    _wait_for(
        lambda: len(box.open_letters(Filter(reason=DeadLetterReason.UNSUPPORTED_VERSION))) > len(before)
    )


def test_a_word_sent_again_stands_under_its_key_in_its_partition(
    stack: Stack, box: LetterBox, cipher: FernetCipher
) -> None:
    payload = b'{"message_id": "word-sent-again"}'
    letter = _write_letter(stack, payload, cipher, Origin(topic=FEEDBACK.name, partition=2, offset=9_999_999))
    consumer = Consumer({"bootstrap.servers": str(stack.endpoints.kafka), "group.id": "unused"})
    place = TopicPartition(FEEDBACK.name, letter.origin.partition)
    _, place.offset = consumer.get_watermark_offsets(place, timeout=WAIT_S)
    consumer.assign([place])
    box.send_again(letter, payload)
    record = consumer.poll(WAIT_S)
    consumer.close()
    assert record is not None
    assert (record.key(), record.value()) == (b"word-sent-again", payload)


def _follow(playback: Playback) -> CaseBook:
    playback.follow(0.2)
    return playback.book
