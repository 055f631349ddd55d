"""The map of the streams: every topic, its key, what its records hold, how long they stay."""

from dataclasses import dataclass, field

from schemas import (
    AdmittedMessage,
    ClinicianFeedback,
    Contract,
    DeadLetter,
    DiagnosisAssessed,
    ModelLifecycle,
    PatientMessage,
    ReviewRequested,
    UrgencyAssessed,
)

__all__ = [
    "ALL_TOPICS",
    "DEADLETTERS",
    "DIAGNOSES",
    "EXPRESS",
    "FEEDBACK",
    "MESSAGES",
    "MODELS",
    "REVIEWS",
    "STANDARD",
    "URGENCIES",
    "TopicDefinition",
]

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_UNLIMITED = -1
_MIB = 1024 * 1024
RAW_MESSAGE_MAX_BYTES = 2 * _MIB
"""A text that is far too long still gets in, so that it ends as a dead letter with a reason, not at the sender."""
DEAD_LETTER_MAX_BYTES = 4 * _MIB
"""A raw message grows by a third under Fernet's base64, and once more in JSON escaping at worst."""


@dataclass(frozen=True, slots=True)
class TopicDefinition:
    """One topic. `holds`: the contract of its records; `key`: what the record key is; `is_input`: others write it."""

    name: str
    key: str
    holds: type[Contract]
    partitions: int
    retention_ms: int
    extra_config: dict[str, str] = field(default_factory=dict)
    is_input: bool = False

    @property
    def config(self) -> dict[str, str]:
        """Topic-level broker configuration."""
        return {
            "retention.ms": str(self.retention_ms),
            # Every record carries the broker's clock: the same on redelivery, and no sender can skew it.
            "message.timestamp.type": "LogAppendTime",
            **self.extra_config,
        }


MESSAGES = TopicDefinition(
    "triage.messages.v1",
    "any; incoming keys are ignored",
    PatientMessage,
    partitions=8,
    retention_ms=_DAY_MS,
    extra_config={
        "max.message.bytes": str(RAW_MESSAGE_MAX_BYTES),
    },
    is_input=True,
)
EXPRESS = TopicDefinition(
    "triage.express.v1", "pseudonym of the patient", AdmittedMessage, partitions=8, retention_ms=30 * _DAY_MS
)
STANDARD = TopicDefinition(
    "triage.standard.v1", "pseudonym of the patient", AdmittedMessage, partitions=8, retention_ms=30 * _DAY_MS
)
DIAGNOSES = TopicDefinition(
    "triage.diagnoses.v1",
    "pseudonym of the patient",
    DiagnosisAssessed,
    partitions=8,
    retention_ms=365 * _DAY_MS,
)
URGENCIES = TopicDefinition(
    "triage.urgencies.v1",
    "pseudonym of the patient",
    UrgencyAssessed,
    partitions=8,
    retention_ms=365 * _DAY_MS,
)
REVIEWS = TopicDefinition(
    "triage.reviews.v1", "pseudonym of the patient", ReviewRequested, partitions=8, retention_ms=365 * _DAY_MS
)
FEEDBACK = TopicDefinition(
    "triage.feedback.v1",
    "message_id, so that the words on one message have one order",
    ClinicianFeedback,
    partitions=4,
    retention_ms=_UNLIMITED,
    is_input=True,
)
DEADLETTERS = TopicDefinition(
    "triage.deadletters.v1",
    "original topic-partition-offset",
    DeadLetter,
    partitions=4,
    retention_ms=90 * _DAY_MS,
    extra_config={"max.message.bytes": str(DEAD_LETTER_MAX_BYTES)},
)

MODELS = TopicDefinition(
    "triage.models.v1",
    "model name/event_id",
    ModelLifecycle,
    # One order of all steps. The pointer to the live version and its history are the same records, so that no crash can
    # tear them apart. Each step has its own key, so compaction takes none of them.
    partitions=1,
    retention_ms=_UNLIMITED,
    extra_config={"cleanup.policy": "compact"},
)

ALL_TOPICS = (MESSAGES, EXPRESS, STANDARD, DIAGNOSES, URGENCIES, REVIEWS, FEEDBACK, DEADLETTERS, MODELS)
