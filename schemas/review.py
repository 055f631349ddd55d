"""A human is asked to look."""

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from schemas.assessed import DiagnosisAssessment, Level, UrgencyAssessment
from schemas.base import Event

__all__ = ["ReviewReason", "ReviewRequested"]


class ReviewReason(StrEnum):
    """Why a clinician is asked."""

    LOW_CONFIDENCE = "low_confidence"
    MODEL_RULE_DISAGREEMENT = "model_rule_disagreement"
    OUT_OF_DOMAIN = "out_of_domain"
    QUALITY_FLAG = "quality_flag"
    UNSUPPORTED_LANGUAGE = "unsupported_language"
    MODEL_UNAVAILABLE = "model_unavailable"
    HARMFUL_CONTENT = "harmful_content"
    POLICY = "policy"
    RANDOM_AUDIT = "random_audit"


class ReviewRequested(Event):
    """One request for review, with all its reasons. Both assessments are null while the model is away."""

    contract: ClassVar[str] = "triage.reviews.v1"

    reasons: tuple[ReviewReason, ...] = Field(min_length=1)
    blind: bool = Field(default=False, description="Random audit: show the case without the decision.")
    level_floor: Level | None = Field(default=None, description="The rules' floor; null: no rule fired.")
    diagnosis: DiagnosisAssessment | None
    urgency: UrgencyAssessment | None
