"""The contracts: every record that enters or leaves a topic, as a frozen, versioned pydantic model.

Read in the order in which a message meets them: `message` (the edge), `admitted` (de-identified, with a lane),
`assessed` (diagnosis and urgency), `review` (a human is asked), `feedback` (what the human says), `dead_letter` (what
could not be decided); `lifecycle` says which version of the model decides.
Imports nothing of ours and nothing but pydantic.
"""

from schemas.admitted import AdmittedMessage, Lane, QualityFlag, RedFlag
from schemas.assessed import (
    Contribution,
    DecidedBy,
    DiagnosisAssessed,
    DiagnosisAssessment,
    News2,
    RankedLabel,
    RuleFired,
    UrgencyAssessed,
    UrgencyAssessment,
    VitalContribution,
)
from schemas.base import Contract, Event, Handle, ModelRef, Origin, Producer, event_id
from schemas.dead_letter import CE_TYPE_KEPT, TRACEPARENT_KEPT, DeadLetter, DeadLetterReason
from schemas.feedback import ClinicianFeedback, FeedbackVerdict
from schemas.lifecycle import LifecycleStep, ModelLifecycle, ShadowSummary
from schemas.message import Consciousness, PatientMessage, SentVitalSigns, Sex, VitalSigns
from schemas.review import ReviewReason, ReviewRequested

__all__ = [
    "CE_TYPE_KEPT",
    "TRACEPARENT_KEPT",
    "AdmittedMessage",
    "ClinicianFeedback",
    "Consciousness",
    "Contract",
    "Contribution",
    "DeadLetter",
    "DeadLetterReason",
    "DecidedBy",
    "DiagnosisAssessed",
    "DiagnosisAssessment",
    "Event",
    "FeedbackVerdict",
    "Handle",
    "Lane",
    "LifecycleStep",
    "ModelLifecycle",
    "ModelRef",
    "News2",
    "Origin",
    "PatientMessage",
    "Producer",
    "QualityFlag",
    "RankedLabel",
    "RedFlag",
    "ReviewReason",
    "ReviewRequested",
    "RuleFired",
    "SentVitalSigns",
    "Sex",
    "ShadowSummary",
    "UrgencyAssessed",
    "UrgencyAssessment",
    "VitalContribution",
    "VitalSigns",
    "event_id",
]
