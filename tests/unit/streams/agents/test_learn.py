"""The learn stage: a word is kept once, a bad one dies with its reason, an outage is waited for."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from schemas import DeadLetter, DeadLetterReason
from streams.adapters.cipher import FernetCipher
from streams.agents.learn import LearnStage
from streams.dead_letters import DeadLetterDesk
from streams.domain.decoding import ERASURE_TYPE
from streams.engine import Output
from streams.errors import Rejected, Unavailable
from streams.learning import Learning
from streams.ports import BufferEntry, FoundMessage
from tests.unit.streams.domain.test_decode_feedback import sent
from tests.unit.streams.factories import LABELS, NOW, PRODUCER, admitted, record


class FakeMessages:
    """Knows one answer."""

    def __init__(self, answer: FoundMessage | None) -> None:
        self.answer = answer

    async def find(self, ids: Sequence[tuple[str, str]]) -> list[FoundMessage]:
        if self.answer is None:
            raise Unavailable("brokers")
        return [self.answer] * len(ids)


class FakeBuffer:
    """Keeps entries; `races` writes come to nothing because another was faster."""

    def __init__(self, races: int = 0) -> None:
        self.entries: list[BufferEntry] = []
        self.erased: list[str] = []
        self.races = races

    async def ready(self) -> bool:
        return True

    async def state(self, key: str) -> str | None:
        return self.entries[-1].state if self.entries else None

    async def write(self, entry: BufferEntry) -> int | None:
        if self.races:
            self.races -= 1
            return None
        self.entries.append(entry)
        return 0

    async def erase(self, patient_id: str) -> int:
        self.erased.append(patient_id)
        return 1


KNOWN = FoundMessage(admitted())


def _stage(answer: FoundMessage | None, buffer: FakeBuffer) -> LearnStage:
    learning = Learning(FakeMessages(answer), buffer, frozenset(LABELS))
    return LearnStage(learning, DeadLetterDesk(FernetCipher([b"k" * 32]), PRODUCER, lambda: NOW))


async def _handle(stage: LearnStage, *payloads: bytes) -> list[list[Output]]:
    records = [record(payload, offset) for offset, payload in enumerate(payloads)]
    return await stage.handle([(each, stage.decode(each)) for each in records])


def _reason(outputs: list[Output]) -> str:
    (output,) = outputs
    return DeadLetter.model_validate_json(output.value or b"").reason


async def test_a_word_is_kept_with_its_class_and_counted_by_verdict() -> None:
    buffer = FakeBuffer()
    assert await _handle(_stage(KNOWN, buffer), sent(urgency=2)) == [[]]
    (entry,) = buffer.entries
    assert entry.classes == ("diagnosis:diabetes", "urgency:2")
    assert (entry.counted, entry.is_disputed, entry.seen) == ("overridden:diabetes", False, None)


async def test_an_erasure_among_words_takes_its_patient_out_and_says_nothing() -> None:
    buffer = FakeBuffer()
    stage = _stage(KNOWN, buffer)
    tombstone = record(None, 1, (("ce_type", ERASURE_TYPE.encode()),))
    tombstone = replace(tombstone, key=b"p" * 32)
    records = [record(sent()), tombstone, record(sent(feedback_id="f2"), 2)]
    assert await stage.handle([(each, stage.decode(each)) for each in records]) == [[], [], []]
    assert buffer.erased == ["p" * 32]
    assert len(buffer.entries) == 2


async def test_a_redelivered_word_is_not_written_again() -> None:
    buffer = FakeBuffer()
    stage = _stage(KNOWN, buffer)
    await _handle(stage, sent())
    assert await _handle(stage, sent()) == [[]]
    assert len(buffer.entries) == 1


@pytest.mark.parametrize(
    ("answer", "payload", "reason", "kept"),
    [
        (FoundMessage(None), sent(), DeadLetterReason.MESSAGE_UNKNOWN, 0),
        (FoundMessage(None, is_dead_letter=True), sent(), DeadLetterReason.MESSAGE_IS_DEAD_LETTER, 0),
        (KNOWN, sent(diagnosis="influenza"), DeadLetterReason.LABEL_UNKNOWN, 1),
    ],
)
async def test_bad_feedback_dies_with_its_reason(
    answer: FoundMessage, payload: bytes, reason: str, kept: int
) -> None:
    buffer = FakeBuffer()
    (outputs,) = await _handle(_stage(answer, buffer), payload)
    assert _reason(outputs) == reason
    assert len(buffer.entries) == kept


async def test_a_replay_dies_and_the_first_stays() -> None:
    buffer = FakeBuffer()
    first, second = await _handle(_stage(KNOWN, buffer), sent(), sent())
    assert first == []
    assert _reason(second) == DeadLetterReason.FEEDBACK_REPLAYED
    assert len(buffer.entries) == 1


async def test_a_lost_race_is_run_again() -> None:
    buffer = FakeBuffer(races=2)
    await _handle(_stage(KNOWN, buffer), sent())
    assert len(buffer.entries) == 1


@pytest.mark.parametrize(("answer", "races"), [(None, 0), (KNOWN, 99)])
async def test_what_cannot_be_kept_now_is_waited_for(answer: FoundMessage | None, races: int) -> None:
    with pytest.raises(Unavailable):
        await _handle(_stage(answer, FakeBuffer(races)), sent())


def test_a_decision_of_tomorrow_is_refused() -> None:
    later = (NOW + timedelta(minutes=6)).isoformat()
    with pytest.raises(Rejected) as caught:
        _stage(KNOWN, FakeBuffer()).decode(record(sent(decided_at=later)))
    assert (caught.value.code, caught.value.path) == (DeadLetterReason.FUTURE_TIMESTAMP, "decided_at")


async def test_the_letter_of_a_word_that_cannot_be_read_keeps_the_ids_of_its_message() -> None:
    stage, raw = _stage(KNOWN, FakeBuffer()), record(sent(verdict="maybe"))
    with pytest.raises(Rejected) as caught:
        stage.decode(raw)
    output = await stage.dead_letter(raw, caught.value)
    letter = DeadLetter.model_validate_json(output.value or b"")
    assert (letter.message_id, letter.source) == ("m1", "clinic")
