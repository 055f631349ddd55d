"""Scoring in memory: the path of `streams`, without the topics."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.fernet import Fernet
from rich.console import Console
from rich.progress import track

from ops.cli.stack import PROJECT_ROOT
from schemas import AdmittedMessage, DeadLetterReason, Origin
from streams.assessment import Assessment
from streams.domain.admission import Admission
from streams.domain.content import content_digest
from streams.domain.decide import Decision
from streams.domain.decoding import decode_patient_message
from streams.errors import Rejected, TriageError
from streams.ports import Priority
from streams.settings import Settings
from streams.wiring import admission, assessment

__all__ = ["Scorer", "score_all", "scoring_settings"]

_BATCH = 64


@dataclass(slots=True)
class Scorer:
    """Admits and assesses payloads in memory; a message id seen before with other content is a conflict."""

    admission: Admission
    assessment: Assessment
    _digests: dict[tuple[str, str], str] = field(default_factory=dict)

    async def score(self, payloads: Sequence[bytes], first_index: int) -> list[dict[str, Any]]:
        """Return one result a payload, in their order."""
        admitted = [self._admit(payload, first_index + i) for i, payload in enumerate(payloads)]
        messages = [item for item in admitted if isinstance(item, AdmittedMessage)]
        decisions = iter(await self._decide(messages))
        return [
            _result(item, next(decisions)) if isinstance(item, AdmittedMessage) else _error(*item)
            for item in admitted
        ]

    def _admit(self, payload: bytes, index: int) -> AdmittedMessage | tuple[str | None, Rejected]:
        try:
            message = decode_patient_message(payload)
        except Rejected as cause:
            return None, cause
        now = datetime.now(UTC)
        origin = Origin(topic="score", partition=0, offset=index)
        admitted = self.admission.admit(message, origin=origin, received_at=now, now=now)
        digest = content_digest(admitted)
        if self._digests.setdefault((admitted.source, admitted.message_id), digest) != digest:
            return admitted.message_id, Rejected(DeadLetterReason.MESSAGE_ID_CONFLICT, "message_id")
        return admitted

    async def _decide(self, messages: Sequence[AdmittedMessage]) -> list[Decision | Rejected]:
        """Decide about all; where the model refuses the batch, one at a time, as the stream bisects."""
        try:
            return list(await self.assessment.decide(messages, Priority.STANDARD))
        except Rejected as cause:
            if len(messages) == 1:
                return [cause]
            return [outcome for message in messages for outcome in await self._decide([message])]


def scoring_settings(triton_address: str) -> Settings:
    """Return settings for a local model server; the keys are thrown away, since no pseudonym leaves."""
    return Settings(
        development=True,
        kafka_bootstrap="none",
        kafka_security_protocol="PLAINTEXT",
        triton_address=triton_address,
        triton_tls=False,
        redis_url="redis://none",
        model_repository=PROJECT_ROOT / "model_repo",
        pseudonym_key=Fernet.generate_key().decode(),
        payload_key=Fernet.generate_key().decode(),
    )


async def score_all(payloads: Sequence[bytes], address: str, console: Console) -> list[dict[str, Any]]:
    settings = scoring_settings(address)
    scorer = Scorer(admission(settings), assessment(settings))
    results = []
    for start in track(range(0, len(payloads), _BATCH), "Scoring", console=console):
        results += await scorer.score(payloads[start : start + _BATCH], start)
    return results


def _result(message: AdmittedMessage, outcome: Decision | Rejected) -> dict[str, Any]:
    if isinstance(outcome, Rejected):
        return _error(message.message_id, outcome)
    diagnosis, urgency = outcome.diagnosis, outcome.urgency
    return {
        "message_id": message.message_id,
        "diagnosis": diagnosis.label,
        "diagnosis_probabilities": diagnosis.probabilities,
        "urgency_level": urgency.level,
        "urgency_probabilities": list(urgency.probabilities) if urgency.probabilities else None,
        "needs_review": bool(outcome.review_reasons),
        "rules": [rule.rule_id for rule in urgency.rules],
        "error": None,
    }


def _error(message_id: str | None, cause: TriageError) -> dict[str, Any]:
    code = cause.code if isinstance(cause, Rejected) else type(cause).__name__
    return {
        "message_id": message_id,
        "diagnosis": None,
        "diagnosis_probabilities": {},
        "urgency_level": None,
        "urgency_probabilities": None,
        "needs_review": True,
        "rules": [],
        "error": {"code": str(code), "message": str(cause)},
    }
