"""From raw bytes to what a sender must write, or to a reason code.

Nothing of the payload gets into a reason: paths name fields of the schema, and the name of an unknown field is
the sender's text too.
"""

from typing import TypeVar

from pydantic import ValidationError

from schemas import ClinicianFeedback, Contract, DeadLetterReason, Handle, PatientMessage, VitalSigns
from streams.errors import Rejected

__all__ = [
    "ERASURE_TYPE",
    "SenderIds",
    "decode_erasure",
    "decode_feedback",
    "decode_patient_message",
    "sender_ids",
]

ERASURE_TYPE = "triage.erasure.v1"
"""CloudEvents type of a tombstone on the feedback topic whose key is the pseudonym of a patient."""

_SCHEMA_FIELDS = frozenset(
    name for contract in (PatientMessage, VitalSigns, ClinicianFeedback) for name in contract.model_fields
)
_TEXT_REASONS = {
    "string_too_short": DeadLetterReason.TEXT_EMPTY,
    "string_too_long": DeadLetterReason.TEXT_TOO_LONG,
}
_REASONS = {
    "json_invalid": DeadLetterReason.NOT_JSON,
    "missing": DeadLetterReason.FIELD_MISSING,
    "extra_forbidden": DeadLetterReason.FIELD_UNKNOWN,
}

Sent = TypeVar("Sent", bound=Contract)


class SenderIds(Contract):
    """By what a sender knows its message: all that a dead letter shows of a payload."""

    message_id: Handle
    source: Handle


def decode_patient_message(payload: bytes | None, declared_type: str | None = None) -> PatientMessage:
    """Validate one raw record. `declared_type` is the CloudEvents type of its headers, where it has one.

    Raises Rejected with the first fault that pydantic reports.
    """
    message = _decode(PatientMessage, PatientMessage.contract, payload, declared_type)
    if not message.text.strip():
        raise Rejected(DeadLetterReason.TEXT_EMPTY, "text")
    return message


def decode_feedback(payload: bytes | None, declared_type: str | None = None) -> ClinicianFeedback:
    """Validate one record of the feedback topic, as above. Raises Rejected, also where nothing can be learned."""
    feedback = _decode(ClinicianFeedback, ClinicianFeedback.contract, payload, declared_type)
    if feedback.diagnosis is None and feedback.urgency is None:
        raise Rejected(DeadLetterReason.NOTHING_SAID)
    return feedback


def decode_erasure(key: bytes | None, payload: bytes | None, declared_type: str | None) -> str | None:
    """Return the pseudonym of the patient whom a record of the feedback topic erases; None: it is none of these.

    Raises Rejected for an erasure of nobody, or with a payload.
    """
    if declared_type != ERASURE_TYPE:
        return None
    if payload is not None:
        raise Rejected(DeadLetterReason.FIELD_INVALID)
    try:
        patient_id = (key or b"").decode("ascii")
    except UnicodeDecodeError:
        raise Rejected(DeadLetterReason.FIELD_INVALID, "patient_id") from None
    if not patient_id:
        raise Rejected(DeadLetterReason.FIELD_MISSING, "patient_id")
    return patient_id


def sender_ids(payload: bytes | None) -> SenderIds | None:
    """Read the ids off a record that was rejected; None: it has none, or one breaks its pattern and could be text.

    Reads the payload a second time, so it is for rejected records only.
    """
    try:
        return SenderIds.model_validate_json(payload or b"")
    except ValidationError:
        return None


def _decode(contract: type[Sent], name: str, payload: bytes | None, declared_type: str | None) -> Sent:
    if declared_type is not None and declared_type != name:
        raise Rejected(DeadLetterReason.UNSUPPORTED_VERSION)
    if payload is None:
        raise Rejected(DeadLetterReason.PAYLOAD_MISSING)
    try:
        document = payload.decode("utf-8")
    except UnicodeDecodeError:
        raise Rejected(DeadLetterReason.NOT_UTF8) from None
    try:
        return contract.model_validate_json(document)
    except ValidationError as exc:
        raise _rejected(exc) from None


def _rejected(exc: ValidationError) -> Rejected:
    error = exc.errors(include_url=False, include_context=False, include_input=False)[0]
    path = ".".join(str(step) for step in error["loc"] if step in _SCHEMA_FIELDS)
    kind = error["type"]
    if path == "text" and kind in _TEXT_REASONS:
        return Rejected(_TEXT_REASONS[kind], path)
    return Rejected(_REASONS.get(kind, DeadLetterReason.FIELD_INVALID), path)
