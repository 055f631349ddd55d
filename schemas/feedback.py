"""What a clinician says of a decision: accepted, or overridden by a better one; and who settles a dispute."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, ConfigDict, Field

from schemas.base import Contract, Handle

__all__ = ["ClinicianFeedback", "FeedbackVerdict"]


class FeedbackVerdict(StrEnum):
    """Did the clinician let the decision stand? `adjudicated`: the word of who settles what clinicians differ on."""

    ACCEPTED = "accepted"
    OVERRIDDEN = "overridden"
    ADJUDICATED = "adjudicated"


class ClinicianFeedback(Contract):
    """One click of one clinician on one message. Unknown fields are refused: boards of others write this, too.

    Which word of a clinician is the latest is decided by its offset, never by `decided_at`: clocks differ.
    """

    contract: ClassVar[str] = "triage.feedback.v1"
    model_config = ConfigDict(extra="forbid", strict=True)

    feedback_id: Handle = Field(description="New for every click, the same when a click is sent again.")
    message_id: Handle
    source: Handle = Field(description="The message's sender: ids are unique within it.")
    clinician_id: Handle = Field(description="Pseudonym, never a name.")
    verdict: FeedbackVerdict
    diagnosis: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")] | None = Field(
        default=None, description="The right label; null: nothing is said of the diagnosis."
    )
    urgency: Annotated[int, Field(ge=1, le=5)] | None = Field(
        default=None, description="The right level; null: nothing is said of the urgency."
    )
    reason: Annotated[str, Field(min_length=1, max_length=500)] | None = Field(
        default=None,
        description="In the clinician's words. Stays in the topic: it is neither kept nor learned from.",
    )
    decided_at: AwareDatetime
