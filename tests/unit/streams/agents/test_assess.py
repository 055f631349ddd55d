"""The assess stage: copies are dropped, conflicts die, an absent ledger holds up nobody."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from schemas import (
    AdmittedMessage,
    DeadLetterReason,
    DiagnosisAssessed,
    ReviewReason,
    ReviewRequested,
    UrgencyAssessed,
    VitalSigns,
)
from streams.adapters.cipher import FernetCipher
from streams.adapters.remembering_ledger import RememberingLedger
from streams.agents.assess import AssessStage
from streams.dead_letters import DeadLetterDesk
from streams.domain.decide import Decision
from streams.engine import Output
from streams.errors import Rejected, Unavailable
from streams.express_notice import ExpressNotice
from streams.ports import LedgerEntry, Priority, Sighted, Sighting
from streams.topics import DEADLETTERS, DIAGNOSES, REVIEWS, URGENCIES
from tests.unit.streams.factories import NOW, PRODUCER, admitted, record
from tests.unit.streams.test_assessment import FakeModel, make_assessment

LIVE = "7"


class FakeLedger:
    """Answers with what it was given, each first seen under `version`; else is away."""

    def __init__(self, *sightings: Sighting, version: str | None = LIVE) -> None:
        self.sightings = list(sightings)
        self.version = version
        self.asked: list[LedgerEntry] = []
        self.released: list[tuple[str, str]] = []

    async def sight(self, entries: Sequence[LedgerEntry]) -> list[Sighted]:
        self._answer()
        self.asked += entries
        firsts = [entry._replace(version=self.version) for entry in entries]
        return [Sighted(*each) for each in zip(self.sightings, firsts, strict=False)]

    async def release(self, key: str, origin: str) -> None:
        self._answer()
        self.released.append((key, origin))

    async def was_released(self, key: str, origin: str) -> bool:
        self._answer()
        return (key, origin) in self.released

    def _answer(self) -> None:
        if not self.sightings:
            raise Unavailable("redis")


@dataclass
class Pinned:
    """Decides by one version, and notes which ones it was asked for; `is_known` False: nobody can say what is live."""

    model: FakeModel
    is_known: bool = True
    versions: list[str | None] = field(default_factory=list)

    async def live_version(self) -> str:
        if not self.is_known:
            raise Unavailable("model-files")
        return LIVE

    async def decide(
        self, messages: Sequence[AdmittedMessage], lane: Priority, versions: Sequence[str | None]
    ) -> list[Decision]:
        self.versions += versions
        return await make_assessment(self.model).decide(messages, lane)


def _stage(
    ledger: FakeLedger, assessor: Pinned | None = None, *, notice: ExpressNotice | None = None
) -> AssessStage:
    return AssessStage(
        lane=Priority.EXPRESS,
        assessment=assessor or Pinned(FakeModel()),
        ledger=RememberingLedger(ledger),
        dead_letters=DeadLetterDesk(FernetCipher([b"k" * 32]), PRODUCER, lambda: NOW),
        notice=notice,
        producer=PRODUCER,
        clock=lambda: NOW,
        audit_share=0.0,
    )


def _topics(outputs: Sequence[Output]) -> list[str]:
    return [output.topic for output in outputs]


async def test_a_message_gets_one_diagnosis_and_one_urgency_with_the_patients_key() -> None:
    stage = _stage(FakeLedger(Sighting.FIRST))
    (outputs,) = await stage.handle([(record(b"x"), admitted())])
    assert _topics(outputs) == [DIAGNOSES.name, URGENCIES.name]
    assert {output.key for output in outputs} == {b"p" * 32}
    DiagnosisAssessed.model_validate_json(outputs[0].value or b"")
    UrgencyAssessed.model_validate_json(outputs[1].value or b"")


@pytest.mark.parametrize(
    ("sighting", "topics"),
    [
        (Sighting.REDELIVERY, [DIAGNOSES.name, URGENCIES.name]),
        (Sighting.DUPLICATE, []),
        (Sighting.CONFLICT, [DEADLETTERS.name]),
    ],
)
async def test_what_the_ledger_knows_decides_what_leaves(sighting: Sighting, topics: list[str]) -> None:
    (outputs,) = await _stage(FakeLedger(sighting)).handle([(record(b"x"), admitted())])
    assert _topics(outputs) == topics


@pytest.mark.parametrize("first", ["6", None])
async def test_a_redelivery_is_decided_by_the_version_that_the_ledger_names(first: str | None) -> None:
    ledger, assessor = FakeLedger(Sighting.REDELIVERY, version=first), Pinned(FakeModel())
    await _stage(ledger, assessor).handle([(record(b"x"), admitted())])
    assert [entry.version for entry in ledger.asked] == [LIVE]
    assert assessor.versions == [first]


async def test_nothing_is_sighted_while_nobody_can_say_which_version_is_live() -> None:
    ledger = FakeLedger(Sighting.FIRST)
    with pytest.raises(Unavailable, match="model-files"):
        await _stage(ledger, Pinned(FakeModel(), is_known=False)).handle([(record(b"x"), admitted())])
    assert ledger.asked == []


async def test_without_the_ledger_every_message_is_decided() -> None:
    outputs = await _stage(FakeLedger()).handle([(record(b"x", i), admitted(str(i))) for i in range(3)])
    assert [_topics(each) for each in outputs] == [[DIAGNOSES.name, URGENCIES.name]] * 3


async def test_a_redelivered_message_has_the_same_event_ids() -> None:
    stage = _stage(FakeLedger(Sighting.FIRST))
    first = await stage.handle([(record(b"x"), admitted())])
    again = await stage.handle([(record(b"x"), admitted())])
    assert first == again


async def test_the_id_of_a_dead_letter_is_free_again() -> None:
    ledger = FakeLedger(Sighting.FIRST)
    message = admitted()
    raw = record(message.model_dump_json().encode(), 7)
    output = await _stage(ledger).dead_letter(raw, Rejected(DeadLetterReason.MODEL_REJECTED))
    assert output.topic == DEADLETTERS.name
    assert ledger.released == [
        (f"{message.source}\x1f{message.message_id}", f"{raw.topic}-{raw.partition}-7")
    ]


async def test_a_dead_letter_does_not_wait_for_the_ledger() -> None:
    raw = record(admitted().model_dump_json().encode())
    output = await _stage(FakeLedger()).dead_letter(raw, Rejected(DeadLetterReason.MODEL_REJECTED))
    assert output.topic == DEADLETTERS.name


async def test_a_field_of_a_newer_admission_is_ignored_wherever_it_stands() -> None:
    message = admitted(vitals=VitalSigns(heart_rate_bpm=80))
    newer = message.model_dump(mode="json")
    newer["added"] = newer["vitals"]["added"] = newer["produced_by"]["added"] = 1
    assert _stage(FakeLedger()).decode(record(json.dumps(newer).encode())) == message


def test_an_admitted_record_that_cannot_be_read_is_rejected_without_its_text() -> None:
    with pytest.raises(Rejected) as caught:
        _stage(FakeLedger()).decode(record(b'{"text": "my secret"}'))
    assert caught.value.code == DeadLetterReason.FIELD_INVALID
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("assessor", [Pinned(FakeModel(broken=True)), Pinned(FakeModel(), is_known=False)])
async def test_an_express_message_is_announced_once_when_the_model_stays_away(assessor: Pinned) -> None:
    sent: list[Output] = []

    async def send(outputs: Sequence[Output]) -> None:
        sent.extend(outputs)

    later = NOW + timedelta(seconds=6)
    notice = ExpressNotice(5.0, PRODUCER, lambda: later, send)
    stage = _stage(FakeLedger(Sighting.FIRST), assessor, notice=notice)
    for _ in range(3):
        with pytest.raises(Unavailable):
            await stage.handle([(record(b"x"), admitted())])
    (output,) = sent
    assert output.topic == REVIEWS.name
    review = ReviewRequested.model_validate_json(output.value or b"")
    assert review.reasons == (ReviewReason.MODEL_UNAVAILABLE,)
    assert review.urgency is None


async def test_a_fresh_express_message_is_not_announced() -> None:
    sent: list[Output] = []

    async def send(outputs: Sequence[Output]) -> None:
        sent.extend(outputs)

    notice = ExpressNotice(5.0, PRODUCER, lambda: NOW + timedelta(seconds=1), send)
    stage = _stage(FakeLedger(Sighting.FIRST), Pinned(FakeModel(broken=True)), notice=notice)
    with pytest.raises(Unavailable):
        await stage.handle([(record(b"x"), admitted())])
    assert sent == []
