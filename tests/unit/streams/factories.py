"""Small valid objects for unit tests."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
from aiokafka import ConsumerRecord
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from schemas import AdmittedMessage, DeadLetter, DeadLetterReason, Lane, Origin, Producer, event_id
from streams.adapters.model_bundle import ModelBundle
from streams.domain.domain_distance import DomainStatistics
from streams.domain.profile import ModelProfile, Thresholds
from streams.ports import ModelAnswer
from streams.text import VITALS_FIELDS, EncodedWindow, Windower

__all__ = ["NOW", "PRODUCER", "admitted", "answer", "bundle", "dead_letter", "profile", "record", "window"]

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
PRODUCER = Producer(service="test", version="0")
LABELS = ("normal", "hypertension", "diabetes", "heart_disease", "cancer")


def dead_letter(origin: Origin, reason: DeadLetterReason = DeadLetterReason.MODEL_REJECTED) -> DeadLetter:
    """Return the letter of a record, without its payload."""
    return DeadLetter(
        event_id=event_id(DeadLetter.contract, "", str(origin)),
        reason=reason,
        origin=origin,
        occurred_at=NOW,
        produced_by=PRODUCER,
        payload_bytes=0,
        encrypted_payload=None,
        payload_key_id="k",
    )


def admitted(message_id: str = "m1", **changes: Any) -> AdmittedMessage:
    """Return an admitted standard message."""
    fields: dict[str, Any] = {
        "event_id": event_id(AdmittedMessage.contract, "test", message_id),
        "message_id": message_id,
        "source": "test",
        "patient_id": "p" * 32,
        "occurred_at": NOW,
        "produced_by": PRODUCER,
        "sent_at": NOW,
        "received_at": NOW,
        "origin": Origin(topic="triage.messages.v1", partition=0, offset=0),
        "pseudonym_key_id": "k",
        "lane": Lane.STANDARD,
        "text": "dull ache in the knee",
        "language": "en",
        "age_years": 40.0,
        "content_digest": "d" * 32,
        **changes,
    }
    return AdmittedMessage(**fields)


def profile(**changes: Any) -> ModelProfile:
    """Return a profile without calibration (temperature 1)."""
    thresholds = {"diagnosis_abstain_below": 0.5, "urgency_plausible_from": 0.25, "out_of_domain_above": 10.0}
    return ModelProfile(
        name="triage_bert",
        version="7",
        labels=LABELS,
        languages=("en",),
        window_tokens=16,
        window_overlap_tokens=4,
        vitals_fields=VITALS_FIELDS,
        diagnosis_temperature=1.0,
        urgency_temperature=1.0,
        thresholds=Thresholds(**{**thresholds, **changes}),
    )


def answer(
    tokens: int, *, diagnosis: tuple[float, ...], urgency: tuple[float, ...], distance: float = 0.0
) -> ModelAnswer:
    """Return an answer whose softmax gives these probabilities; the embedding lies at `distance`."""
    return ModelAnswer(
        diagnosis_logits=np.log(np.array(diagnosis, dtype=np.float32)),
        urgency_logits=np.log(np.array(urgency, dtype=np.float32)),
        diagnosis_attribution=np.arange(tokens, dtype=np.float32),
        urgency_attribution=-np.arange(tokens, dtype=np.float32),
        vitals_attribution=np.eye(1, len(VITALS_FIELDS), dtype=np.float32)[0],
        embedding=np.array([distance, 0.0], dtype=np.float32),
    )


def window(tokens: int) -> EncodedWindow:
    """Return a window of one-character words between two special tokens."""
    offsets = ((0, 0), *((2 * i, 2 * i + 1) for i in range(tokens - 2)), (0, 0))
    return EncodedWindow(
        np.arange(tokens, dtype=np.int64), offsets, np.full(len(VITALS_FIELDS), np.nan, dtype=np.float32)
    )


def bundle(**changes: Any) -> ModelBundle:
    """Return a bundle with a word-level tokenizer."""
    tokenizer = Tokenizer(WordLevel({"[UNK]": 0, "pain": 1}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    statistics = DomainStatistics(mean=np.zeros((1, 2), np.float32), whitening=np.eye(2, dtype=np.float32))
    return ModelBundle(
        profile(**changes), Windower(tokenizer, window_tokens=16, overlap_tokens=4), statistics
    )


def record(
    value: bytes | None, offset: int = 0, headers: tuple[tuple[str, bytes], ...] = ()
) -> ConsumerRecord:
    """Return a record of the raw topic, appended at NOW."""
    return ConsumerRecord(
        topic="triage.messages.v1",
        partition=0,
        offset=offset,
        timestamp=int(NOW.timestamp() * 1000),
        timestamp_type=1,
        key=None,
        value=value,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=len(value or b""),
        headers=headers,
    )
