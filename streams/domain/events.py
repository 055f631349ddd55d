"""A decision becomes the events that announce it."""

from datetime import datetime

from schemas import (
    AdmittedMessage,
    DiagnosisAssessed,
    Event,
    Producer,
    ReviewReason,
    ReviewRequested,
    UrgencyAssessed,
    event_id,
)
from streams.domain.acuity import most_urgent_floor
from streams.domain.decide import Decision, fired_rules

__all__ = ["decision_events", "model_unavailable_event"]


def decision_events(
    message: AdmittedMessage, decision: Decision, *, now: datetime, producer: Producer, audit_share: float
) -> tuple[Event, ...]:
    """Return one diagnosis, one urgency, and the reviews that the decision asks for."""
    events: list[Event] = [
        DiagnosisAssessed(
            **_envelope(message, DiagnosisAssessed.contract, now, producer),
            **dict(decision.diagnosis),
        ),
        UrgencyAssessed(
            **_envelope(message, UrgencyAssessed.contract, now, producer),
            **dict(decision.urgency),
        ),
    ]
    if decision.review_reasons:
        events.append(_review(message, decision.review_reasons, decision, now=now, producer=producer))
    if _is_audited(message, audit_share):
        audit = (ReviewReason.RANDOM_AUDIT,)
        events.append(
            _review(message, audit, decision, now=now, producer=producer, cause="audit", blind=True)
        )
    return tuple(events)


def model_unavailable_event(
    message: AdmittedMessage, *, now: datetime, producer: Producer
) -> ReviewRequested:
    """Return the notice for an express message that still waits for the model: the rules' floor, no assessment."""
    reasons = (ReviewReason.MODEL_UNAVAILABLE,)
    return _review(message, reasons, None, now=now, producer=producer, cause="model_unavailable")


def _review(
    message: AdmittedMessage,
    reasons: tuple[ReviewReason, ...],
    decision: Decision | None,
    *,
    now: datetime,
    producer: Producer,
    cause: str = "",
    blind: bool = False,
) -> ReviewRequested:
    return ReviewRequested(
        **_envelope(message, ReviewRequested.contract, now, producer, cause),
        reasons=reasons,
        blind=blind,
        level_floor=most_urgent_floor(fired_rules(message)),
        diagnosis=decision.diagnosis if decision else None,
        urgency=decision.urgency if decision else None,
    )


def _envelope(
    message: AdmittedMessage, contract: str, now: datetime, producer: Producer, cause: str = ""
) -> dict[str, object]:
    return {
        "event_id": event_id(contract, message.source, message.message_id, cause),
        "message_id": message.message_id,
        "source": message.source,
        "patient_id": message.patient_id,
        "encounter_id": message.encounter_id,
        "occurred_at": now,
        "produced_by": producer,
    }


def _is_audited(message: AdmittedMessage, share: float) -> bool:
    """Drawn from the event id: spread like chance, and the same on every redelivery."""
    return message.event_id.int % 1_000_000 < share * 1_000_000
