"""The two decisions about a message: what explains it, and how urgent it is."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from schemas.base import CodePoint, Contract, Event, ModelRef, Probability

__all__ = [
    "Contribution",
    "DecidedBy",
    "DiagnosisAssessed",
    "DiagnosisAssessment",
    "Level",
    "News2",
    "RankedLabel",
    "RuleFired",
    "UrgencyAssessed",
    "UrgencyAssessment",
    "VitalContribution",
]

Level = Annotated[int, Field(ge=1, le=5, description="1 is the most urgent (KTAS/CTAS order).")]


class DecidedBy(StrEnum):
    """What set the published level: the model, or a rule that raised it."""

    MODEL = "model"
    RULE = "rule"


class Contribution(Contract):
    """What one span of the text added to the winning score, in logits. Offsets only, no words."""

    start: CodePoint
    end: CodePoint
    contribution: float


class VitalContribution(Contract):
    """What one structured field added to the urgency score, in logits."""

    field: str
    contribution: float


class RankedLabel(Contract):
    """A label with its calibrated probability."""

    label: str
    probability: Probability


class News2(Contract):
    """National Early Warning Score 2 (Royal College of Physicians, 2017)."""

    score: Annotated[int, Field(ge=0, le=20)]
    highest_parameter: Annotated[int, Field(ge=0, le=3)]
    partial: bool = Field(description="A parameter was not measured, so the score is a lower bound.")
    age_unknown: bool = Field(description="NEWS2 holds from 16 years; the age was not given.")


class RuleFired(Contract):
    """A rule that set a floor, with the guideline it comes from."""

    rule_id: str
    level_floor: Level
    guideline: str
    start: CodePoint | None = None
    end: CodePoint | None = None


class DiagnosisAssessment(Contract):
    """Label null means withheld: the text could not be assessed, or no label was probable enough."""

    label: str | None
    probabilities: dict[str, Probability]
    alternatives: tuple[RankedLabel, ...]
    abstained: bool
    attribution: tuple[Contribution, ...] = ()
    model: ModelRef | None


class UrgencyAssessment(Contract):
    """The level is never withheld. Provisional: the most urgent plausible level, until a clinician confirms."""

    level: Level
    target_minutes: int = Field(description="Time to be seen by a physician (KTAS/CTAS): 0, 15, 30, 60, 120.")
    probabilities: Annotated[tuple[Probability, ...], Field(min_length=5, max_length=5)] | None
    provisional: bool
    decided_by: DecidedBy
    rules: tuple[RuleFired, ...] = ()
    news2: News2 | None = None
    attribution: tuple[Contribution, ...] = ()
    vitals_attribution: tuple[VitalContribution, ...] = ()
    model: ModelRef | None


class DiagnosisAssessed(Event, DiagnosisAssessment):
    """The diagnosis decision of one message: exactly one event id on triage.diagnoses.v1."""

    contract: ClassVar[str] = "triage.diagnoses.v1"


class UrgencyAssessed(Event, UrgencyAssessment):
    """The urgency decision of one message: exactly one event id on triage.urgencies.v1."""

    contract: ClassVar[str] = "triage.urgencies.v1"
