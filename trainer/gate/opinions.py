"""Who labelled what: from the feedback buffer, or from a CSV file with a column `labelled_by`."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from streams.domain.feedback import OTHER, FeedbackCase, FeedbackExample
from streams.text import vitals_vector
from trainer.data.errors import BadCell, BadRows, WrongColumns
from trainer.data.labelled_csv import Reading, load
from trainer.data.rows import Row
from trainer.data.tables import FIRST_ROW, decoded

__all__ = ["Opinion", "of_csv", "of_feedback"]

_COLUMN = "labelled_by"
_SOURCE = "labelled"


@dataclass(frozen=True, slots=True, eq=False)
class Opinion:
    """One labeller's word on one message; `row` carries the labels that this labeller gave."""

    message: str
    labeller: str
    row: Row


def of_feedback(kept: Iterable[tuple[str, str]]) -> list[Opinion]:
    """Return the latest word of every clinician from pairs of JSON: `FeedbackCase`, `FeedbackExample`."""
    return [
        opinion
        for case, example in kept
        for opinion in _of_case(
            FeedbackCase.model_validate_json(case), FeedbackExample.model_validate_json(example)
        )
    ]


def _of_case(case: FeedbackCase, example: FeedbackExample) -> Iterator[Opinion]:
    message = f"{example.source}/{example.message_id}"
    for clinician, word in case.words.items():
        row = Row(
            source=example.source,
            text=example.text,
            group=message,
            vitals=vitals_vector(
                example.vitals, age_years=example.age_years, sex=example.sex, pregnant=example.pregnant
            ),
            diagnosis=None if word.diagnosis == OTHER else word.diagnosis,
            urgency_level=word.urgency,
            language=example.language,
        )
        yield Opinion(message, clinician, row)


def of_csv(path: Path) -> list[Opinion]:
    """Read a file as `triage data import csv` does, with `labelled_by`; one `group` (or one text) is one message.

    Raises BadData.
    """
    lines = csv.reader(io.StringIO(decoded(path, "utf-8"), newline=""), strict=True)
    header = [name.strip() for name in next(lines, [])]
    if _COLUMN not in header:
        raise WrongColumns(f"no column {_COLUMN}")
    rows = load(
        path, Reading(source=_SOURCE)
    )  # refuses whatever cannot be read, so below both have the same lines
    place = header.index(_COLUMN)
    names = [cells[place].strip() for cells in lines]
    if nameless := [FIRST_ROW + number for number, name in enumerate(names) if not name]:
        raise BadRows([BadCell(number, _COLUMN, "empty") for number in nameless])
    is_grouped = "group" in header
    return [
        Opinion(row.group if is_grouped else row.text, name, row)
        for name, row in zip(names, rows, strict=True)
    ]
