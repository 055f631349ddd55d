"""What admission hands to assessment: de-identified, screened, with a lane."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field

from schemas.assessed import RuleFired
from schemas.base import CodePoint, Contract, Event, Origin
from schemas.message import Sex, VitalSigns

__all__ = ["AdmittedMessage", "Lane", "QualityFlag", "RedFlag"]


class Lane(StrEnum):
    """Express is served first; a message with a red flag or an alarming vital sign takes it."""

    EXPRESS = "express"
    STANDARD = "standard"


class QualityFlag(StrEnum):
    """What admission found wrong with a message that it could still admit."""

    VITAL_OUT_OF_RANGE = "vital_out_of_range"
    AGE_OUT_OF_RANGE = "age_out_of_range"
    FUTURE_TIMESTAMP = "future_timestamp"
    NO_WORDS = "no_words"
    CONTROL_CHARACTERS = "control_characters"
    BLOOD_PRESSURE_INVERTED = "blood_pressure_inverted"


class RedFlag(Contract):
    """A phrase that stands for an emergency, affirmed (not negated, not somebody else's) in the text."""

    rule_id: str
    level_floor: Annotated[int, Field(ge=1, le=5)]
    guideline: str
    start: CodePoint
    end: CodePoint


class AdmittedMessage(Event):
    """A message after admission. Its text and identifiers are de-identified; lanes are the learning store."""

    contract: ClassVar[str] = "triage.admitted.v1"

    sent_at: AwareDatetime
    received_at: AwareDatetime = Field(description="When the broker appended the raw message.")
    origin: Origin = Field(description="The raw record.")
    pseudonym_key_id: str
    lane: Lane
    text: str
    language: str | None = Field(
        default=None, description="BCP 47 tag, declared or recognised; null: unknown."
    )
    age_years: float | None = None
    sex: Sex | None = None
    pregnant: bool | None = None
    vitals: VitalSigns | None = None
    red_flags: tuple[RedFlag, ...] = ()
    quality_flags: tuple[QualityFlag, ...] = ()
    out_of_range_fields: tuple[str, ...] = ()
    content_digest: str = Field(
        description="HMAC-SHA-256 (hexadecimal) over what the sender said: with the same message_id, a copy."
    )
    rules_as_sent: tuple[RuleFired, ...] = Field(
        default=(),
        description="Floors of the vital signs as sent, that nulling the doubtful ones would lose.",
    )
    redaction_counts: dict[str, int] = Field(default_factory=dict, description="Kind of identifier to count.")
