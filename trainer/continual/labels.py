"""New labels: what the feedback buffer holds, or a dataset."""

from pathlib import Path

from streams.domain.feedback import OTHER, FeedbackExample
from streams.text import vitals_vector
from trainer.data.dataset import Dataset, make_dataset
from trainer.data.errors import NothingToLearn
from trainer.data.importing import read_labelled
from trainer.data.manifest import Origin
from trainer.data.rows import Row
from trainer.examples import read_examples

__all__ = ["group_of", "read_new", "row_of"]

FEEDBACK_SUFFIX = ".jsonl"


def read_new(path: Path, *, seed: int) -> Dataset:
    """Read a .jsonl file of `FeedbackExample`s, a dataset's folder or a .csv file. Raises BadData.

    Examples without a settled label that the model has are left out; one patient's messages stay in one split.
    """
    if path.suffix != FEEDBACK_SUFFIX or not path.is_file():
        return read_labelled(path, seed=seed)
    given = [row_of(example) for example in read_examples(path)]
    rows = [row for row in given if row.diagnosis is not None or row.urgency_level is not None]
    if not rows:
        raise NothingToLearn(f"{path.name}: no example has a settled label")
    origins = [
        Origin(
            source=source,
            description="what clinicians confirmed or corrected, de-identified",
            provenance="triage.feedback.v1 of this deployment",
            licence="patient data of this deployment",
        )
        for source in sorted({row.source for row in rows})
    ]
    return make_dataset(rows, origins, seed=seed)


def group_of(source: str, patient_id: str) -> str:
    """Return what the rows of one patient share."""
    return f"{source}/{patient_id}"


def row_of(example: FeedbackExample) -> Row:
    """Turn one example into a row."""
    settled = example.settled
    return Row(
        source=example.source,
        text=example.text,
        group=group_of(example.source, example.patient_id),
        vitals=vitals_vector(
            example.vitals, age_years=example.age_years, sex=example.sex, pregnant=example.pregnant
        ),
        diagnosis=None if settled.diagnosis == OTHER else settled.diagnosis,
        urgency_level=settled.urgency,
        language=example.language,
    )
