"""What all contracts share: immutability, silence about their content in errors, and deterministic ids."""

from typing import Annotated, ClassVar
from uuid import UUID, uuid5

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

__all__ = [
    "CodePoint",
    "Contract",
    "Event",
    "Handle",
    "ModelRef",
    "Origin",
    "Probability",
    "Producer",
    "event_id",
]

_NAMESPACE = UUID("8f0e9d5c-52c7-5a57-9d3b-0e9a1c6f7b21")

Handle = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[!-~]+$")]
"""An opaque identifier: printable ASCII without spaces, 1 to 128 characters."""

Probability = Annotated[float, Field(ge=0.0, le=1.0)]
CodePoint = Annotated[
    int, Field(ge=0, description="Offset in Unicode code points into the de-identified text.")
]


def event_id(contract: str, source: str, message_id: str, cause: str = "") -> UUID:
    """Return the id of the event that `message_id` of `source` causes on `contract` (UUIDv5, RFC 9562).

    The same cause always has the same id, so a redelivered event is recognised as a copy. `cause` tells apart
    the events that one message can have on one contract (a review for an outage and one for a low confidence).
    """
    return uuid5(_NAMESPACE, "\x1f".join((contract, source, message_id, cause)))


class Contract(BaseModel):
    """A part of an event. Consumers ignore fields they don't know, so that versions can roll."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,  # a validation error must never carry patient text into a log
        allow_inf_nan=False,
        ser_json_inf_nan="null",
        protected_namespaces=(),
    )


class Producer(Contract):
    """Who wrote an event: a service and the version of its code."""

    service: str
    version: str


class ModelRef(Contract):
    """The exact model version whose answer an event carries."""

    name: str
    version: str


class Origin(Contract):
    """Where a record stood in Kafka."""

    topic: str
    partition: Annotated[int, Field(ge=0)]
    offset: Annotated[int, Field(ge=0)]

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}-{self.offset}"


class Event(Contract):
    """The envelope that every event about one message carries.

    Two copies with the same `event_id` are the same event; they may differ in `occurred_at` and `produced_by`,
    and count as diverged where they differ in anything else.
    """

    contract: ClassVar[str]

    event_id: UUID
    message_id: Handle
    source: Handle
    patient_id: str = Field(
        description="Pseudonym (HMAC-SHA-256, hexadecimal), never the sender's identifier."
    )
    encounter_id: str | None = Field(default=None, description="Pseudonym of the encounter.")
    occurred_at: AwareDatetime
    produced_by: Producer
