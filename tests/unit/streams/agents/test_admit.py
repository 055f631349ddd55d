"""The admit stage: pseudonyms, clean text, the right lane, and dead letters that only the key opens."""

import json
from datetime import UTC, datetime

import pytest

from schemas import AdmittedMessage, DeadLetter, DeadLetterReason, Lane, VitalSigns
from streams.adapters.cipher import FernetCipher
from streams.adapters.deidentify import PatternDeIdentifier
from streams.adapters.language import ScriptLanguageIdentifier
from streams.adapters.pseudonyms import HmacPseudonymizer
from streams.adapters.red_flag_rules import load_red_flag_screen
from streams.agents.admit import AdmitStage
from streams.dead_letters import MAX_PAYLOAD_BYTES, DeadLetterDesk
from streams.domain.acuity import AcuityPolicy
from streams.domain.admission import Admission
from streams.engine import Output
from streams.errors import Rejected
from streams.topics import DEAD_LETTER_MAX_BYTES, DEADLETTERS, EXPRESS, STANDARD
from tests.integration.bad_input import SECRET, message
from tests.unit.streams.factories import NOW, PRODUCER, record

CIPHER = FernetCipher([b"c" * 32])
SCREEN = load_red_flag_screen()


def _stage() -> AdmitStage:
    admission = Admission(
        deidentifier=PatternDeIdentifier(frozenset()),
        pseudonymizer=HmacPseudonymizer(b"p" * 32),
        language_identifier=ScriptLanguageIdentifier(),
        red_flags=SCREEN,
        policy=AcuityPolicy(),
        producer=PRODUCER,
    )
    return AdmitStage(admission, DeadLetterDesk(CIPHER, PRODUCER, lambda: NOW), lambda: NOW)


async def _admit(**changes: object) -> tuple[Output, AdmittedMessage]:
    stage = _stage()
    raw = record(json.dumps(message(message_id="m1", **changes)).encode(), offset=7)
    ((output,),) = await stage.handle([(raw, stage.decode(raw))])
    return output, AdmittedMessage.model_validate_json(output.value or b"")


async def test_an_ordinary_message_takes_the_standard_lane_under_a_pseudonym() -> None:
    output, admitted = await _admit(text="My knee hurts, call 020 7946 0958 or jane@example.org")
    assert (output.topic, admitted.lane) == (STANDARD.name, Lane.STANDARD)
    assert output.key == admitted.patient_id.encode()
    assert "MRN-1" not in (output.value or b"").decode()
    assert "jane@example.org" not in admitted.text
    assert "7946" not in admitted.text
    assert admitted.received_at == datetime.fromtimestamp(NOW.timestamp(), UTC)
    assert str(admitted.origin) == "triage.messages.v1-0-7"


async def test_a_red_flag_takes_the_express_lane_with_its_place_in_the_text() -> None:
    output, admitted = await _admit(text="She is not breathing and her lips are blue")
    assert output.topic == EXPRESS.name
    flag = admitted.red_flags[0]
    assert admitted.text[flag.start : flag.end].strip()


async def test_an_alarming_vital_sign_takes_the_express_lane() -> None:
    output, _ = await _admit(vitals={"consciousness": "unresponsive"})
    assert output.topic == EXPRESS.name


async def test_several_vital_signs_of_zero_take_the_express_lane_though_they_become_null() -> None:
    output, admitted = await _admit(vitals={"heart_rate_bpm": 0, "spo2_percent": 0})
    assert output.topic == EXPRESS.name
    assert [rule.rule_id for rule in admitted.rules_as_sent] == ["vital_signs_zero"]
    assert admitted.vitals == VitalSigns()


async def test_an_inverted_blood_pressure_keeps_its_floor() -> None:
    signs = {"systolic_bp_mmhg": 70, "diastolic_bp_mmhg": 120, "heart_rate_bpm": 115, "spo2_percent": 92}
    output, admitted = await _admit(vitals=signs)
    assert output.topic == EXPRESS.name
    assert admitted.rules_as_sent[0].rule_id == "news2_high"


async def test_a_text_that_the_model_does_not_read_takes_the_lane_of_its_level() -> None:
    output, admitted = await _admit(text="Me duele mucho la cabeza desde ayer y tengo fiebre", language="en")
    assert (output.topic, admitted.language) == (EXPRESS.name, "es")


async def test_the_same_record_is_admitted_the_same_way_again() -> None:
    sent_at = NOW.isoformat()
    assert await _admit(sent_at=sent_at) == await _admit(sent_at=sent_at)


async def test_a_dead_letter_shows_the_reason_and_hides_the_payload() -> None:
    raw = record(b"my secret", offset=3)
    output = await _stage().dead_letter(raw, Rejected(DeadLetterReason.NOT_JSON))
    letter = DeadLetter.model_validate_json(output.value or b"")
    assert (output.topic, output.key) == (DEADLETTERS.name, b"triage.messages.v1-0-3")
    assert letter.reason is DeadLetterReason.NOT_JSON
    assert b"my secret" not in (output.value or b"")
    assert CIPHER.decrypt(letter.encrypted_payload or "") == b"my secret"


@pytest.mark.parametrize(
    "fault",
    [{"text": ""}, {"sent_at": "2026-11-01T08:00:00"}, {"vitals": {SECRET: 1}}],
    ids=["empty text", "no zone", "unknown vital sign"],
)
async def test_a_dead_letter_keeps_the_senders_ids_and_nothing_else(fault: dict[str, object]) -> None:
    raw = record(json.dumps(message(message_id="m1", **fault)).encode())
    stage = _stage()
    with pytest.raises(Rejected) as caught:
        stage.decode(raw)
    output = await stage.dead_letter(raw, caught.value)
    letter = DeadLetter.model_validate_json(output.value or b"")
    assert (letter.message_id, letter.source) == ("m1", "bad-input")
    assert SECRET.encode() not in (output.value or b"")
    assert b"MRN-1" not in (output.value or b"")
    assert not any(SECRET.encode() in value for _, value in output.headers)


async def test_an_id_that_breaks_its_pattern_is_not_kept() -> None:
    raw = record(json.dumps(message(message_id=f"Mr {SECRET}")).encode())
    output = await _stage().dead_letter(raw, Rejected(DeadLetterReason.FIELD_INVALID, "message_id"))
    letter = DeadLetter.model_validate_json(output.value or b"")
    assert (letter.message_id, letter.source) == (None, None)
    assert SECRET.encode() not in (output.value or b"")


TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"ce_type": "triage.messages.v9", "traceparent": TRACE}, ("triage.messages.v9", TRACE)),
        ({"ce_type": SECRET, "traceparent": SECRET, SECRET: SECRET}, (None, None)),
        ({"ce_type": f"triage.{SECRET}.v1"}, (None, None)),
        ({"ce_type": "triage.messages.v9\n"}, (None, None)),
        ({"ce_type": "triage.messages.é.v9"}, (None, None)),
        ({"traceparent": f"00-{'0' * 32}-b7ad6b7169203331-01"}, (None, None)),
        ({}, (None, None)),
    ],
)
async def test_of_the_headers_a_dead_letter_keeps_a_type_of_ours_and_the_trace(
    sent: dict[str, str], kept: tuple[str | None, str | None]
) -> None:
    raw = record(b"{}", headers=tuple((name, value.encode()) for name, value in sent.items()))
    output = await _stage().dead_letter(raw, Rejected(DeadLetterReason.UNSUPPORTED_VERSION))
    letter = DeadLetter.model_validate_json(output.value or b"")
    assert (letter.ce_type, letter.traceparent) == kept
    assert SECRET.encode() not in (output.value or b"")


async def test_a_tombstone_has_a_dead_letter_without_payload() -> None:
    output = await _stage().dead_letter(record(None), Rejected(DeadLetterReason.PAYLOAD_MISSING))
    letter = DeadLetter.model_validate_json(output.value or b"")
    assert (letter.encrypted_payload, letter.payload_bytes) == (None, 0)


async def test_a_payload_too_large_to_keep_still_has_its_letter() -> None:
    payload = b"x" * (MAX_PAYLOAD_BYTES + 1)
    output = await _stage().dead_letter(record(payload), Rejected(DeadLetterReason.TEXT_TOO_LONG))
    letter = DeadLetter.model_validate_json(output.value or b"")
    assert (letter.encrypted_payload, letter.payload_bytes) == (None, len(payload))
    kept = await _stage().dead_letter(record(payload[:-1]), Rejected(DeadLetterReason.TEXT_TOO_LONG))
    assert kept.size_bytes < DEAD_LETTER_MAX_BYTES
