"""What the streams need from the outside, as protocols. `streams.adapters` implements them, `wiring` chooses."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from schemas import AdmittedMessage
from streams.text import EncodedWindow

__all__ = [
    "AdmittedMessages",
    "BufferEntry",
    "Cipher",
    "DeIdentifier",
    "Deidentified",
    "FeedbackBuffer",
    "FoundMessage",
    "LanguageIdentifier",
    "LedgerEntry",
    "MessageLedger",
    "ModelAnswer",
    "ModelServer",
    "Priority",
    "Pseudonymizer",
    "SharedLedger",
    "Sighted",
    "Sighting",
]


@dataclass(frozen=True, slots=True)
class Deidentified:
    """A text without identifiers, and how many of each kind were replaced."""

    text: str
    redaction_counts: dict[str, int]


class DeIdentifier(Protocol):
    """Replaces identifiers in free text by their kind, such as `[PHONE]`."""

    def deidentify(self, text: str) -> Deidentified: ...


class Pseudonymizer(Protocol):
    """Keyed, one-way pseudonyms; `key_id` names the key that made them."""

    key_id: str

    def pseudonym(self, kind: str, identifier: str) -> str: ...


class Cipher(Protocol):
    """Authenticated encryption of dead-letter payloads."""

    key_id: str

    def encrypt(self, payload: bytes) -> str: ...


class LanguageIdentifier(Protocol):
    """Names the language of a text (BCP 47), or None where it cannot tell."""

    def identify(self, text: str) -> str | None: ...


class Sighting(StrEnum):
    """What the ledger knows of a message id."""

    FIRST = "first"
    REDELIVERY = "redelivery"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"


class LedgerEntry(NamedTuple):
    """Who carried a message id: `origin` is the record's place, `version` the one that was live when it was sighted.

    `version` None: the release before this one wrote the entry, without.
    """

    key: str
    digest: str
    origin: str
    version: str | None


class Sighted(NamedTuple):
    """What the ledger says of an entry, and who carried its id first: the entry itself, where it is the first."""

    sighting: Sighting
    first: LedgerEntry


class MessageLedger(Protocol):
    """Remembers which record first carried a message id, with which content, and which version was live then."""

    async def sight(self, entries: Sequence[LedgerEntry]) -> list[Sighted]:
        """`entries` in offset order; one answer each."""
        ...

    async def release(self, key: str, origin: str) -> None:
        """Forget `key` if the record at `origin` carried it first: it was not decided, so a copy is no duplicate."""
        ...


class SharedLedger(MessageLedger, Protocol):
    """The ledger of all workers. Every call raises Unavailable while it is away."""

    async def was_released(self, key: str, origin: str) -> bool:
        """Whether `key` was forgotten because the record at `origin` was not decided."""
        ...


class Priority(StrEnum):
    """Order in which the model server serves waiting requests."""

    EXPRESS = "express"
    STANDARD = "standard"
    SHADOW = "shadow"


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """Raw outputs for one window of n tokens.

    diagnosis_logits [d], urgency_logits [5], diagnosis_attribution [n], urgency_attribution [n],
    vitals_attribution [v], embedding [h]; all float32.
    """

    diagnosis_logits: NDArray[np.float32]
    urgency_logits: NDArray[np.float32]
    diagnosis_attribution: NDArray[np.float32]
    urgency_attribution: NDArray[np.float32]
    vitals_attribution: NDArray[np.float32]
    embedding: NDArray[np.float32]


class ModelServer(Protocol):
    """Asks one explicit version of the model.

    Raises Unavailable (down, deadline, queue full), ModelFault (internal error on this request) or, as one of
    these, ModelRefused (the request is invalid).
    """

    async def infer(self, windows: Sequence[EncodedWindow], priority: Priority) -> list[ModelAnswer]: ...

    async def ready(self) -> bool: ...

    async def reload(self) -> None:
        """Load the model anew, at the cost of a short outage."""
        ...


@dataclass(frozen=True, slots=True)
class FoundMessage:
    """What is known of a message id: its message, where it was admitted; whether it ended as a dead letter."""

    message: AdmittedMessage | None
    is_dead_letter: bool = False


class AdmittedMessages(Protocol):
    """The lanes as a store of messages. Raises Unavailable while it cannot say for sure."""

    async def find(self, ids: Sequence[tuple[str, str]]) -> list[FoundMessage]:
        """`ids`: (source, message_id); one answer each."""
        ...


@dataclass(frozen=True, slots=True)
class BufferEntry:
    """One change of the feedback buffer, made as a whole or not at all.

    `seen`: the state that it was made from (None: there was none); `state`, `example`: JSON. `classes`: the reservoirs
    that the example joins with `priority`; `counted`: the counter that goes up by one.
    """

    key: str
    patient_id: str
    seen: str | None
    state: str
    example: str
    classes: tuple[str, ...]
    priority: int
    appended_ms: int
    is_disputed: bool
    counted: str


class FeedbackBuffer(Protocol):
    """What clinicians said and what can be learned from it. Raises Unavailable, also while it is being rebuilt."""

    async def ready(self) -> bool:
        """Does it answer?"""
        ...

    async def state(self, key: str) -> str | None:
        """The state of one message's case."""
        ...

    async def write(self, entry: BufferEntry) -> int | None:
        """Return how many adjudications are open then; None: `seen` is not the state any more, nothing was written.

        Raises Rejected where the patient is erased.
        """
        ...

    async def erase(self, patient_id: str) -> int:
        """Take all of a patient out, and nothing in again; return how many messages went."""
        ...
