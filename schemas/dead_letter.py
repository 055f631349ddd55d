"""What could not be decided, why, and its payload, encrypted."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from schemas.base import Contract, Handle, Origin, Producer

__all__ = ["CE_TYPE_KEPT", "TRACEPARENT_KEPT", "DeadLetter", "DeadLetterReason"]

CE_TYPE_KEPT = r"^triage\.[a-z]{1,32}\.v[0-9]{1,3}$"
TRACEPARENT_KEPT = r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"
"""Headers are the sender's, too: what has another form could be text, and is not kept."""


class DeadLetterReason(StrEnum):
    """Reason codes. Clinicians see a dead letter as an unassessed patient."""

    PAYLOAD_MISSING = "payload_missing"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    FIELD_MISSING = "field_missing"
    FIELD_UNKNOWN = "field_unknown"
    FIELD_INVALID = "field_invalid"
    TEXT_EMPTY = "text_empty"
    TEXT_TOO_LONG = "text_too_long"
    UNSUPPORTED_VERSION = "unsupported_version"
    MESSAGE_ID_CONFLICT = "message_id_conflict"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    MODEL_REJECTED = "model_rejected"
    INTERNAL_ERROR = "internal_error"
    # of feedback
    MESSAGE_UNKNOWN = "message_unknown"
    MESSAGE_IS_DEAD_LETTER = "message_is_dead_letter"
    LABEL_UNKNOWN = "label_unknown"
    NOTHING_SAID = "nothing_said"
    FUTURE_TIMESTAMP = "future_timestamp"
    FEEDBACK_REPLAYED = "feedback_replayed"
    FEEDBACK_LIMIT = "feedback_limit"
    PATIENT_ERASED = "patient_erased"


class DeadLetter(Contract):
    """Holds no patient text in the clear: `path` names fields of the schema only, the ids are the sender's handles.

    Of the record's headers it keeps the two that say how to read it, so that it can be sent again as it was.
    """

    contract: ClassVar[str] = "triage.deadletters.v1"

    event_id: UUID
    reason: DeadLetterReason
    path: str = Field(
        default="", description="Dotted path of the schema field at fault; empty: the whole record."
    )
    origin: Origin
    message_id: Handle | None = Field(
        default=None,
        description="Null, as the source is, where the record is no JSON or one of the two is missing or invalid.",
    )
    source: Handle | None = None
    ce_type: str | None = Field(
        default=None,
        pattern=CE_TYPE_KEPT,
        description="The record's CloudEvents type, where that is a name of this system.",
    )
    traceparent: str | None = Field(
        default=None, pattern=TRACEPARENT_KEPT, description="The record's W3C trace context."
    )
    occurred_at: AwareDatetime
    produced_by: Producer
    payload_bytes: int = Field(ge=0)
    encrypted_payload: str | None = Field(
        description="Fernet token; null: no payload, or one too large to keep."
    )
    payload_key_id: str
