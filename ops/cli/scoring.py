"""Scoring in memory: the path of `streams`, without the topics."""

import traceback
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from cryptography.fernet import Fernet
from rich.console import Console
from rich.progress import track
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from ops.cli.message_file import Line
from ops.cli.stack import served_repository
from schemas import AdmittedMessage, DeadLetterReason, Origin, PatientMessage
from streams.assessment import Assessment
from streams.domain.admission import Admission
from streams.domain.decide import Decision
from streams.domain.decoding import decode_patient_message, sender_ids
from streams.errors import Rejected, Unavailable
from streams.ports import Priority
from streams.settings import Settings
from streams.wiring import admission, assessment

__all__ = ["Scorer", "score_rows", "scoring_settings"]

log = structlog.get_logger(__name__)
_BATCH = 64
_OUTAGE_LIMIT_S = 120.0
"""A model server that is restarted is back within seconds; one that stays away ends the command."""


@dataclass(frozen=True, slots=True)
class RowError:
    """Why a payload has no result. `message` names fields of the schema or a type of error, never content."""

    message_id: str | None
    code: str
    message: str


@dataclass(slots=True)
class Scorer:
    """Admits and assesses payloads in memory; a message id seen before with other content is a conflict.

    Waits up to `outage_limit_s` for a model server that is away.
    """

    admission: Admission
    assessment: Assessment
    outage_limit_s: float = _OUTAGE_LIMIT_S
    _digests: dict[tuple[str, str], str] = field(default_factory=dict)

    async def score(self, payloads: Sequence[bytes], first_index: int) -> list[dict[str, Any]]:
        """Return one result a payload, in their order. Raises Unavailable where the model server stays away."""
        admitted = [self._admit(payload, first_index + i) for i, payload in enumerate(payloads)]
        messages = [item for item in admitted if isinstance(item, AdmittedMessage)]
        outcomes = iter(await self._decide(messages))
        return [
            _result(item, next(outcomes)) if isinstance(item, AdmittedMessage) else _error(item)
            for item in admitted
        ]

    def _admit(self, payload: bytes, index: int) -> AdmittedMessage | RowError:
        message_id = None
        try:
            message = decode_patient_message(payload)
            message_id = message.message_id
            return self._admit_message(message, index)
        except Exception as error:  # noqa: BLE001 - one row that our code fails on must not cost the others
            if message_id is None and (ids := sender_ids(payload)) is not None:
                message_id = ids.message_id
            return _row_error(message_id, error)

    def _admit_message(self, message: PatientMessage, index: int) -> AdmittedMessage:
        now = datetime.now(UTC)
        origin = Origin(topic="score", partition=0, offset=index)
        admitted = self.admission.admit(message, origin=origin, received_at=now, now=now)
        digest = admitted.content_digest
        if self._digests.setdefault((admitted.source, admitted.message_id), digest) != digest:
            raise Rejected(DeadLetterReason.MESSAGE_ID_CONFLICT, "message_id")
        return admitted

    async def _decide(self, messages: Sequence[AdmittedMessage]) -> list[Decision | RowError]:
        """Decide about all; where the batch fails, one at a time, as the stream bisects."""
        try:
            return list(await self._decide_when_available(messages))
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - judged for each message alone
            if len(messages) == 1:
                return [_row_error(messages[0].message_id, error)]
        return [outcome for message in messages for outcome in await self._decide([message])]

    async def _decide_when_available(self, messages: Sequence[AdmittedMessage]) -> list[Decision]:
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(Unavailable),
            wait=wait_random_exponential(multiplier=0.1, max=2.0),
            stop=stop_after_delay(self.outage_limit_s),
            reraise=True,
        )
        decisions: list[Decision] = await retrying(self.assessment.decide, messages, Priority.STANDARD)
        return decisions


def scoring_settings(triton_address: str, version: str | None = None) -> Settings:
    """Return settings for a local model server; the keys are thrown away, since no pseudonym leaves.

    `version`: the one to ask; None: the one that the settings name.
    """
    settings = Settings(
        development=True,
        kafka_bootstrap="none",
        kafka_security_protocol="PLAINTEXT",
        triton_address=triton_address,
        triton_tls=False,
        redis_url="redis://none",
        model_repository=served_repository(),
        pseudonym_key=Fernet.generate_key().decode(),
        payload_key=Fernet.generate_key().decode(),
    )
    return settings if version is None else settings.model_copy(update={"model_version": version})


async def score_rows(
    lines: Sequence[Line], address: str, version: str | None, console: Console
) -> AsyncIterator[dict[str, Any]]:
    """Yield one result a line, in their order, as soon as it is there. Raises Unavailable."""
    settings = scoring_settings(address, version)
    scorer = Scorer(admission(settings), assessment(settings))
    for start in track(range(0, len(lines), _BATCH), "Scoring", console=console):
        batch = lines[start : start + _BATCH]
        for line, row in zip(batch, await scorer.score([each.payload for each in batch], start), strict=True):
            yield {"line": line.number, **row}


def _row_error(message_id: str | None, error: Exception) -> RowError:
    if isinstance(error, Rejected):
        return RowError(message_id, str(error.code), str(error))
    kind = type(error).__name__  # its text could quote a patient
    place = traceback.extract_tb(error.__traceback__)[-1]
    log.error("row_failed", error=kind, file=Path(place.filename).name, line=place.lineno)
    return RowError(message_id, str(DeadLetterReason.INTERNAL_ERROR), kind)


def _result(message: AdmittedMessage, outcome: Decision | RowError) -> dict[str, Any]:
    if isinstance(outcome, RowError):
        return _error(outcome)
    diagnosis, urgency = outcome.diagnosis, outcome.urgency
    return {
        "message_id": message.message_id,
        "diagnosis": diagnosis.label,
        "diagnosis_probabilities": diagnosis.probabilities,
        "urgency_level": urgency.level,
        "urgency_probabilities": list(urgency.probabilities) if urgency.probabilities else None,
        "provisional": urgency.provisional,
        "needs_review": bool(outcome.review_reasons),
        "review_reasons": list(outcome.review_reasons),
        "rules": [rule.rule_id for rule in urgency.rules],
        "error": None,
    }


def _error(cause: RowError) -> dict[str, Any]:
    return {
        "message_id": cause.message_id,
        "diagnosis": None,
        "diagnosis_probabilities": {},
        "urgency_level": None,
        "urgency_probabilities": None,
        "provisional": None,
        "needs_review": True,
        "review_reasons": [],
        "rules": [],
        "error": {"code": cause.code, "message": cause.message},
    }
