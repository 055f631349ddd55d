"""When are two messages the same?"""

from hashlib import sha256

from schemas import AdmittedMessage

__all__ = ["content_digest"]

_CONTENT_FIELDS = {
    "patient_id",
    "encounter_id",
    "sent_at",
    "text",
    "language",
    "age_years",
    "sex",
    "pregnant",
    "vitals",
    "rules_as_sent",
}


def content_digest(message: AdmittedMessage) -> str:
    """Return a SHA-256 over what the sender said, without when and where it was received."""
    return sha256(message.model_dump_json(include=_CONTENT_FIELDS).encode()).hexdigest()
