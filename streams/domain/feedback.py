"""What clinicians have said of one message, and what it comes to.

The latest word of a clinician counts, by its place in the topic. Where clinicians differ nothing is settled, until
their latest words agree, or an adjudicator has spoken: the latest ruling on a field outweighs all other words on it.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from schemas import AdmittedMessage, ClinicianFeedback, DeadLetterReason, FeedbackVerdict, Sex, VitalSigns
from streams.errors import Rejected

__all__ = [
    "MAX_RULINGS",
    "MAX_WORDS",
    "OTHER",
    "FeedbackCase",
    "FeedbackExample",
    "Place",
    "Settlement",
    "example_of",
    "label_is_unknown",
    "reservoir_priority",
    "training_classes",
]

OTHER = "other"
"""Stands for every label outside of the model's set: kept, shown, never trained on."""
MAX_WORDS = 64
"""Feedback on one message, all clinicians together. More is a fault of the sender, and memory is bounded."""

MAX_RULINGS = 16
"""More, for adjudicators alone: what is full can still be settled."""

_FROZEN = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)
_PRIORITY_BITS = 52  # a double, which is what Redis sorts by, holds them exactly


class Place(NamedTuple):
    """Where a word stands in the topic, with the broker's time (milliseconds)."""

    partition: int
    offset: int
    appended_ms: int

    def is_after(self, other: "Place") -> bool:
        """By offset; by the broker's clock only where a sender did not key its record by the message."""
        if self.partition == other.partition:
            return self.offset > other.offset
        return (self.appended_ms, self.partition) > (other.appended_ms, other.partition)


class Word(BaseModel):
    """The latest word of one clinician, or of one adjudicator."""

    model_config = _FROZEN

    place: Place
    verdict: FeedbackVerdict
    diagnosis: str | None
    urgency: int | None


class Settlement(BaseModel):
    """What the latest words agree on. A field that is `disputed` is null; so is one of which nobody spoke."""

    model_config = _FROZEN

    diagnosis: str | None
    urgency: int | None
    disputed: tuple[str, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that this example is one of, for training."""
        diagnosis = [f"diagnosis:{self.diagnosis}"] if self.diagnosis not in (None, OTHER) else []
        urgency = [f"urgency:{self.urgency}"] if self.urgency is not None else []
        return (*diagnosis, *urgency)


class FeedbackCase(BaseModel):
    """All that is remembered of the words on one message; `heard` maps each feedback_id to its place.

    `patient_id`: the pseudonym, by which an erasure finds the case. `words`, `rulings`: by clinician.
    """

    model_config = _FROZEN

    patient_id: str = ""
    heard: dict[str, str] = {}
    words: dict[str, Word] = {}
    rulings: dict[str, Word] = {}

    def hear(
        self, feedback: ClinicianFeedback, place: Place, labels: frozenset[str]
    ) -> "FeedbackCase | None":
        """Return the case with this word, or None where the same record was heard before (a redelivery).

        Raises Rejected where another record carried this feedback_id, or where there are too many words.
        """
        at = f"{place.partition}-{place.offset}"
        known = self.heard.get(feedback.feedback_id)
        if known == at:
            return None
        if known is not None:
            raise Rejected(DeadLetterReason.FEEDBACK_REPLAYED, "feedback_id")
        is_ruling = feedback.verdict is FeedbackVerdict.ADJUDICATED
        if len(self.heard) >= MAX_WORDS + (MAX_RULINGS if is_ruling else 0):
            raise Rejected(DeadLetterReason.FEEDBACK_LIMIT)
        heard = {**self.heard, feedback.feedback_id: at}
        said = self.rulings if is_ruling else self.words
        last = said.get(feedback.clinician_id)
        if last is not None and not place.is_after(last.place):
            return self.model_copy(update={"heard": heard})
        word = Word(
            place=place,
            verdict=feedback.verdict,
            diagnosis=_known_label(feedback.diagnosis, labels),
            urgency=feedback.urgency,
        )
        changed = {**said, feedback.clinician_id: word}
        return self.model_copy(update={"heard": heard, "rulings" if is_ruling else "words": changed})

    def settle(self) -> Settlement:
        """Weigh the latest words: one vote a clinician, and only unanimity settles; a ruling outweighs them."""
        answers = {name: self._answers(name) for name in ("diagnosis", "urgency")}
        settled = {name: said.pop() if len(said) == 1 else None for name, said in answers.items()}
        return Settlement(**settled, disputed=tuple(name for name, said in answers.items() if said))

    def _answers(self, name: str) -> set[Any]:
        ruling: Word | None = None
        for word in self.rulings.values():
            if getattr(word, name) is not None and (ruling is None or word.place.is_after(ruling.place)):
                ruling = word
        words = self.words.values() if ruling is None else (ruling,)
        return {getattr(word, name) for word in words} - {None}


class FeedbackExample(BaseModel):
    """A labelled message as the buffer keeps it for training: de-identified, and without who said what."""

    model_config = _FROZEN

    source: str
    message_id: str
    patient_id: str
    text: str
    language: str | None
    age_years: float | None
    sex: Sex | None
    pregnant: bool | None
    vitals: VitalSigns | None
    settled: Settlement
    clinicians: int


def example_of(message: AdmittedMessage, case: FeedbackCase) -> FeedbackExample:
    """Return what training needs of a message and of the words on it."""
    return FeedbackExample(
        **message.model_dump(include=set(FeedbackExample.model_fields)),
        settled=case.settle(),
        clinicians=len({*case.words, *case.rulings}),
    )


def training_classes(labels: Iterable[str]) -> tuple[str, ...]:
    """Every class that a settled example can be one of."""
    return (*(f"diagnosis:{label}" for label in labels), *(f"urgency:{level}" for level in range(1, 6)))


def label_is_unknown(label: str | None, labels: frozenset[str]) -> bool:
    """Whether the model does not have this label."""
    return label is not None and label not in labels


def _known_label(label: str | None, labels: frozenset[str]) -> str | None:
    return OTHER if label_is_unknown(label, labels) else label


def reservoir_priority(key: str) -> int:
    """Return the random tag by which a reservoir keeps its members: those with the lowest.

    A sample without replacement, as Vitter's algorithm R draws one (ACM TOMS 11(1), 1985), but by tags that follow from
    the message: it does not depend on the order in which partitions are read, nor on what is delivered twice.
    """
    return int.from_bytes(sha256(f"reservoir\x1f{key}".encode()).digest()[:7]) >> (56 - _PRIORITY_BITS)
