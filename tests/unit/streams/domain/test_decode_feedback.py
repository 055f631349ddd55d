"""A clinician's word is read strictly, or rejected with the field at fault."""

import json
from typing import Any

import pytest

from schemas import DeadLetterReason, FeedbackVerdict
from streams.domain.decoding import ERASURE_TYPE, decode_erasure, decode_feedback
from streams.errors import Rejected


def sent(**changes: Any) -> bytes:
    document = {
        "feedback_id": "f1",
        "message_id": "m1",
        "source": "clinic",
        "clinician_id": "c1",
        "verdict": "overridden",
        "diagnosis": "diabetes",
        "decided_at": "2026-11-01T08:00:00Z",
        **changes,
    }
    return json.dumps({name: value for name, value in document.items() if value is not ...}).encode()


def test_a_correction_is_read() -> None:
    feedback = decode_feedback(sent(urgency=2))
    assert (feedback.verdict, feedback.diagnosis, feedback.urgency) == (
        FeedbackVerdict.OVERRIDDEN,
        "diabetes",
        2,
    )


@pytest.mark.parametrize(
    ("payload", "reason", "path"),
    [
        pytest.param(None, DeadLetterReason.PAYLOAD_MISSING, "", id="tombstone"),
        pytest.param(b"\xff", DeadLetterReason.NOT_UTF8, "", id="bytes"),
        pytest.param(b"{", DeadLetterReason.NOT_JSON, "", id="cut off"),
        pytest.param(sent(message_id=...), DeadLetterReason.FIELD_MISSING, "message_id", id="no message"),
        pytest.param(sent(verdict="maybe"), DeadLetterReason.FIELD_INVALID, "verdict", id="verdict"),
        pytest.param(sent(urgency=0), DeadLetterReason.FIELD_INVALID, "urgency", id="level"),
        pytest.param(sent(urgency="2"), DeadLetterReason.FIELD_INVALID, "urgency", id="level as text"),
        pytest.param(sent(diagnosis="Heart"), DeadLetterReason.FIELD_INVALID, "diagnosis", id="no label"),
        pytest.param(
            sent(decided_at="2026-11-01T08:00:00"), DeadLetterReason.FIELD_INVALID, "decided_at", id="zone"
        ),
        pytest.param(sent(name="Smith"), DeadLetterReason.FIELD_UNKNOWN, "", id="unknown field"),
        pytest.param(sent(diagnosis=...), DeadLetterReason.NOTHING_SAID, "", id="nothing said"),
    ],
)
def test_bad_feedback_has_a_reason(payload: bytes | None, reason: str, path: str) -> None:
    with pytest.raises(Rejected) as caught:
        decode_feedback(payload)
    assert (caught.value.code, caught.value.path) == (reason, path)


def test_another_contract_is_refused() -> None:
    with pytest.raises(Rejected) as caught:
        decode_feedback(sent(), "triage.feedback.v2")
    assert caught.value.code == DeadLetterReason.UNSUPPORTED_VERSION


def test_only_a_tombstone_that_says_so_erases_and_it_names_its_patient() -> None:
    assert decode_erasure(b"p1", None, ERASURE_TYPE) == "p1"
    assert decode_erasure(b"m1", None, None) is None
    assert decode_erasure(b"m1", sent(), "triage.feedback.v1") is None


@pytest.mark.parametrize(
    ("key", "payload", "reason"),
    [
        (None, None, DeadLetterReason.FIELD_MISSING),
        (b"\xff", None, DeadLetterReason.FIELD_INVALID),
        (b"p1", sent(), DeadLetterReason.FIELD_INVALID),
    ],
)
def test_an_erasure_of_nobody_is_refused(key: bytes | None, payload: bytes | None, reason: str) -> None:
    with pytest.raises(Rejected) as caught:
        decode_erasure(key, payload, ERASURE_TYPE)
    assert caught.value.code == reason
