"""Types of the corpus: what a message carries, and what the condition tables become once read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

__all__ = [
    "DIAGNOSES",
    "LEVELS",
    "Acuity",
    "Condition",
    "CorpusMessage",
    "Phrase",
    "PhraseKind",
    "Symptom",
    "VitalValue",
]

DIAGNOSES = ("normal", "hypertension", "diabetes", "heart_disease", "cancer")
LEVELS = (1, 2, 3, 4, 5)

VitalValue = float | bool | str


@dataclass(frozen=True, slots=True)
class CorpusMessage:
    """One written patient message with its labels.

    `diagnosis` is what explains this presentation (not what stands in the history); `urgency_level` runs from
    1 (resuscitation) to 5 (non-urgent). Unknown fields are None. `vitals` uses the keys and units of the
    PatientMessage contract. Messages that share `family` share their lead phrase: split by it.
    """

    text: str
    diagnosis: str
    urgency_level: int
    condition: str
    voice: str
    language: str
    age_years: int | None
    sex: str | None
    pregnant: bool | None
    vitals: dict[str, VitalValue] | None
    family: str


class PhraseKind(Enum):
    """How a phrase fits into a sentence."""

    NOUN = "noun"  # "a dull ache in my back"
    STATE = "state"  # "my back hurts"
    EVENT = "event"  # "I fell off a ladder": takes a point in time


@dataclass(frozen=True, slots=True)
class Phrase:
    text: str
    kind: PhraseKind


@dataclass(frozen=True, slots=True)
class Symptom:
    """One finding in the words of patients, of clinicians and in Chinese (empty when not written)."""

    name: str
    lay: tuple[Phrase, ...]
    clinical: tuple[str, ...]
    chinese: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Acuity:
    """One urgency level of a condition: how common it is there, its vital signs and the cues that justify it."""

    level: int
    weight: float
    profile: str
    pain_score: int | None
    cues: tuple[Symptom, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    name: str
    system: str
    diagnosis: str
    age_range_years: tuple[int, int]
    sex: str  # "male", "female", "mostly_male", "mostly_female", "any"
    pregnant: bool
    onsets: tuple[str, ...]
    lead: Symptom
    accompanying: tuple[tuple[Symptom, float], ...]
    history: tuple[Symptom, ...]
    findings: tuple[str, ...]
    denials: tuple[str, ...]
    acuities: Mapping[int, Acuity]
    administrative: bool
    bundled: bool  # whether its accompanying symptoms alone tell it
    frequency: float  # how often it comes up within its class, relative to 1
    vocabulary: frozenset[str]

    @property
    def usual_level(self) -> int:
        """The level that this condition has most often."""
        return max(self.acuities.values(), key=lambda acuity: acuity.weight).level
