"""The edge: what an intake system publishes to triage.messages.v1."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, ConfigDict, Field

from schemas.base import Contract, Handle

__all__ = ["Consciousness", "PatientMessage", "SentVitalSigns", "Sex", "VitalSigns"]

MAX_TEXT_CHARACTERS = 10_000

_EDGE = ConfigDict(extra="forbid", strict=True)


class Sex(StrEnum):
    """Administrative sex (HL7 FHIR R4 AdministrativeGender)."""

    MALE = "male"
    FEMALE = "female"
    OTHER = "other"
    UNKNOWN = "unknown"


class Consciousness(StrEnum):
    """Level of consciousness on the ACVPU scale (Royal College of Physicians, NEWS2, 2017)."""

    ALERT = "alert"
    CONFUSION = "confusion"
    VOICE = "voice"
    PAIN = "pain"
    UNRESPONSIVE = "unresponsive"


class VitalSigns(Contract):
    """Vital signs in clinical units. Null is "not measured"; nothing is ever filled in.

    A number outside the physiologically possible range is accepted here and nulled with a quality flag at
    admission, because a typing error in one field must not cost the patient the message.
    """

    model_config = ConfigDict(strict=True)

    heart_rate_bpm: float | None = None
    respiratory_rate_bpm: float | None = None
    systolic_bp_mmhg: float | None = None
    diastolic_bp_mmhg: float | None = None
    temperature_c: float | None = None
    spo2_percent: float | None = None
    supplemental_oxygen: bool | None = None
    pain_score: float | None = Field(default=None, description="Numeric rating scale, 0 to 10.")
    consciousness: Consciousness | None = None


class SentVitalSigns(VitalSigns):
    """Vital signs at the edge, where unknown fields are refused."""

    model_config = _EDGE


class PatientMessage(Contract):
    """One patient message as the hospital sends it. Unknown fields are refused here, at the edge."""

    contract: ClassVar[str] = "triage.messages.v1"
    model_config = _EDGE

    message_id: Handle
    patient_id: Annotated[str, Field(min_length=1, max_length=128)]
    encounter_id: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    sent_at: AwareDatetime
    source: Handle
    language: Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] | None = Field(
        default=None, description="BCP 47 tag, where the sender knows it."
    )
    text: Annotated[str, Field(min_length=1, max_length=MAX_TEXT_CHARACTERS)]
    age_years: float | None = None
    sex: Sex | None = None
    pregnant: bool | None = None
    vitals: SentVitalSigns | None = None
