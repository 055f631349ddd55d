"""The job that every engine does in the engine-bound comparison, and the one codec that all of them use.

A record is validated by the `PatientMessage` contract; the model is the identity, so the diagnosis and the urgency
output both carry the message as it came, each keyed by its patient. Every output lands on the partition of its key:
no engine may assume that inputs and outputs are partitioned alike.
"""

import json
from datetime import UTC, datetime

from schemas import PatientMessage

__all__ = ["MESSAGE_BYTES", "decode", "key_of", "payload"]

MESSAGE_BYTES = 500
_SENT_AT = datetime(2026, 1, 1, tzinfo=UTC).isoformat()
_COMPLAINT = "Since this morning a dull pressure behind the breastbone, worse on the stairs, better at rest. "


def decode(value: bytes) -> PatientMessage:
    """Validate one record. Raises pydantic's ValidationError."""
    return PatientMessage.model_validate_json(value)


def key_of(message: PatientMessage) -> bytes:
    """Return the key of both outputs."""
    return message.patient_id.encode()


def payload(number: int) -> bytes:
    """Return the record with this number: valid, of a patient of its own, MESSAGE_BYTES long."""
    document = {
        "message_id": f"bench-{number:08d}",
        "patient_id": f"MRN-{number:08d}",
        "sent_at": _SENT_AT,
        "source": "bench",
        "language": "en",
        "age_years": 61.0,
        "sex": "female",
        "text": "",
    }
    room = MESSAGE_BYTES - len(json.dumps(document))
    document["text"] = (_COMPLAINT * (room // len(_COMPLAINT) + 1))[:room]
    return json.dumps(document).encode()
