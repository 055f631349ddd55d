"""What is sent: numbered patient messages, with all that intake systems do wrong, the same for the same seed."""

import json
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from random import Random
from typing import Any

from trainer.corpus import CorpusMessage, generate

__all__ = ["SOURCE", "Kind", "Message", "workload"]

SOURCE = "chaos"
_PATIENTS = 200
_RECENT = 200
"""How far back a copy or a reused id reaches: from within one chunk to long after its decision."""
_RED_FLAG = "Crushing chest pain going into my left arm, sweating"
_CLOCK_ERRORS = (timedelta(days=-4000), timedelta(hours=-13), timedelta(minutes=-7), timedelta(days=2))


class Kind(StrEnum):
    """Why a message is in the workload."""

    PLAIN = "plain"
    RED_FLAG = "red_flag"
    SKEWED_CLOCK = "skewed_clock"
    COPY = "copy"
    REUSED_ID = "reused_id"
    POISON = "poison"


SHARES = {
    Kind.PLAIN: 0.82,
    Kind.RED_FLAG: 0.05,
    Kind.SKEWED_CLOCK: 0.04,
    Kind.COPY: 0.03,
    Kind.REUSED_ID: 0.01,
    Kind.POISON: 0.05,
}


@dataclass(frozen=True, slots=True)
class Message:
    """One raw record to send. `content` is the same in copies; `message_id` is null where none can be read.

    `clock_error`: by how much the sender's clock is off, in the message and in the record's own timestamp.
    """

    number: int
    kind: Kind
    message_id: str | None
    patient: str
    payload: bytes | None
    content: str
    headers: tuple[tuple[str, bytes], ...] = ()
    clock_error: timedelta = timedelta()


Document = dict[str, Any]
Break = Callable[[Document], tuple[bytes | None, bool]]
"""Makes poison of a valid document; also says whether the message id can still be read."""


def workload(count: int, *, seed: int) -> Iterator[Message]:
    """Yield `count` messages. Only their `sent_at` depends on when they are drawn."""
    rng = Random(seed)
    recent: deque[tuple[Message, Document]] = deque(maxlen=_RECENT)
    for number, told in enumerate(generate(count, seed=seed)):
        kind = rng.choices(list(SHARES), weights=list(SHARES.values()))[0]
        document = _document(number, told, rng)
        if kind is Kind.POISON:
            yield _poison(number, document, rng)
        elif kind in (Kind.COPY, Kind.REUSED_ID) and recent:
            yield _again(number, kind, document, *rng.choice(recent))
        else:
            clock_error = rng.choice(_CLOCK_ERRORS) if kind is Kind.SKEWED_CLOCK else timedelta()
            message = _message(number, kind, _adapt(kind, document, clock_error), clock_error)
            recent.append((message, document))
            yield message


def _document(number: int, told: CorpusMessage, rng: Random) -> Document:
    return {
        "message_id": f"m-{number:07d}",
        "patient_id": f"MRN-{rng.randrange(_PATIENTS):05d}",
        "sent_at": datetime.now(UTC).isoformat(),
        "source": SOURCE,
        "language": told.language,
        "text": told.text,
        "age_years": told.age_years,
        "sex": told.sex,
        "pregnant": told.pregnant,
        "vitals": told.vitals,
    }


def _adapt(kind: Kind, document: Document, clock_error: timedelta) -> Document:
    if kind is Kind.RED_FLAG:
        document["text"] = f"{_RED_FLAG}. {document['text']}"
        document["language"] = "en"
    if kind is Kind.SKEWED_CLOCK:
        document["sent_at"] = (datetime.now(UTC) + clock_error).isoformat()
    return document


def _message(number: int, kind: Kind, document: Document, clock_error: timedelta = timedelta()) -> Message:
    payload = json.dumps(document).encode()
    return Message(
        number,
        kind,
        document["message_id"],
        document["patient_id"],
        payload,
        content=_digest(payload),
        clock_error=clock_error,
    )


def _again(number: int, kind: Kind, document: Document, first: Message, first_document: Document) -> Message:
    """Send the same bytes once more, or the same id and patient with another text."""
    if kind is Kind.COPY:
        return Message(number, kind, first.message_id, first.patient, first.payload, first.content)
    return _message(number, kind, {**first_document, "text": f"{document['text']} ({number})"})


def _poison(number: int, document: Document, rng: Random) -> Message:
    name = rng.choice(list(POISONS))
    payload, is_readable = POISONS[name](document)
    headers = ((("ce_type", b"triage.messages.v9"),)) if name == "unknown_version" else ()
    message_id = document["message_id"] if is_readable else None
    content = f"{name}-{number}"
    return Message(number, Kind.POISON, message_id, document["patient_id"], payload, content, headers)


def _digest(payload: bytes) -> str:
    return blake2b(payload, digest_size=8).hexdigest()


def _without(document: Document, field: str) -> bytes:
    return json.dumps({name: value for name, value in document.items() if name != field}).encode()


POISONS: dict[str, Break] = {
    "tombstone": lambda _: (None, False),
    "empty": lambda _: (b"", False),
    "truncated": lambda document: (json.dumps(document).encode()[:-20], False),
    "not_utf8": lambda document: (json.dumps(document).encode() + b"\xff\xfe", False),
    "no_patient": lambda document: (_without(document, "patient_id"), True),
    "unknown_field": lambda document: (json.dumps({**document, "extra": 1}).encode(), True),
    "wrong_type": lambda document: (json.dumps({**document, "age_years": "forty"}).encode(), True),
    "not_a_number": lambda document: (
        json.dumps({**document, "vitals": {"heart_rate_bpm": float("nan")}}).encode(),
        True,
    ),
    "blank_text": lambda document: (json.dumps({**document, "text": " \n"}).encode(), True),
    "long_text": lambda document: (json.dumps({**document, "text": "pain " * 3000}).encode(), True),
    "unknown_version": lambda document: (json.dumps(document).encode(), True),
}
