"""Simulated clinicians: each says what is right, errs at a set rate, and one may flip labels on purpose."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from ops.learning.demo.wards import WardMessage
from schemas import ClinicianFeedback, FeedbackVerdict
from trainer.data.rows import DIAGNOSIS_LABELS, URGENCY_LEVELS

__all__ = ["Clinician", "Judged", "words_on"]

_SOURCE = "demo"


@dataclass(frozen=True, slots=True)
class Clinician:
    """`error`: share of labels that are honestly wrong (a level by one); `flips`: share that is wrong on purpose."""

    pseudonym: str
    error: float
    flips: float = 0.0


@dataclass(frozen=True, slots=True)
class Judged:
    """A message with what the stack decided; `label` None where it was withheld."""

    message: WardMessage
    label: str | None
    level: int


def words_on(
    decided: Sequence[Judged], clinicians: Sequence[Clinician], *, seed: int, shared: float = 0.0
) -> Iterator[ClinicianFeedback]:
    """Yield words on each decision by one of `clinicians`, in turn, and on a share by the next one as well."""
    rng = Random(seed)
    for number, one in enumerate(decided):
        count = 2 if rng.random() < shared else 1
        for offset in range(count):
            yield _word(one, clinicians[(number + offset) % len(clinicians)], rng)


def _word(one: Judged, clinician: Clinician, rng: Random) -> ClinicianFeedback:
    row = one.message.row
    diagnosis, level = (
        _label(str(row.diagnosis), clinician, rng),
        _level(int(row.urgency_level or 0), clinician, rng),
    )
    agrees = (diagnosis, level) == (one.label, one.level)
    return ClinicianFeedback(
        feedback_id=f"{clinician.pseudonym}-{one.message.message_id}",
        message_id=one.message.message_id,
        source=_SOURCE,
        clinician_id=clinician.pseudonym,
        verdict=FeedbackVerdict.ACCEPTED if agrees else FeedbackVerdict.OVERRIDDEN,
        diagnosis=diagnosis,
        urgency=level,
        decided_at=datetime.now(UTC),
    )


def _label(truth: str, clinician: Clinician, rng: Random) -> str:
    if rng.random() >= clinician.error + clinician.flips:
        return truth
    return rng.choice([label for label in DIAGNOSIS_LABELS if label != truth])


def _level(truth: int, clinician: Clinician, rng: Random) -> int:
    if rng.random() < clinician.flips:
        return rng.choice([level for level in URGENCY_LEVELS if level != truth])
    if rng.random() < clinician.error:
        return min(5, max(1, truth + rng.choice((-1, 1))))
    return truth
