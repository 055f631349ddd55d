"""An event becomes a record: its topic, its key, its headers."""

from aiokafka import ConsumerRecord

from schemas import AdmittedMessage, DiagnosisAssessed, Event, Lane, ReviewRequested, UrgencyAssessed
from streams.engine import Output
from streams.envelope import event_headers, traceparent_of
from streams.topics import DIAGNOSES, EXPRESS, REVIEWS, STANDARD, URGENCIES

__all__ = ["event_output"]

_TOPIC = {
    DiagnosisAssessed: DIAGNOSES.name,
    UrgencyAssessed: URGENCIES.name,
    ReviewRequested: REVIEWS.name,
}
_LANE_TOPIC = {Lane.EXPRESS: EXPRESS.name, Lane.STANDARD: STANDARD.name}


def event_output(event: Event, cause: ConsumerRecord) -> Output:
    """Return the record for `event`, keyed by the patient's pseudonym, in the trace of the record that caused it."""
    topic = _LANE_TOPIC[event.lane] if isinstance(event, AdmittedMessage) else _TOPIC[type(event)]
    return Output(
        topic=topic,
        key=event.patient_id.encode(),
        value=event.model_dump_json().encode(),
        headers=event_headers(event, traceparent_of(cause.headers, event.event_id)),
    )
