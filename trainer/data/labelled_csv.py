"""A hospital's own labelled data: a CSV file with a header, one message a row.

Columns: `text`; `diagnosis` or `urgency_level` or both; optionally `id`, `language`, `group` (rows of one group are
near-duplicates, as one patient's are), and the demographics and vital signs of `VITALS_COLUMNS`. Others are not read.
An empty cell is "not known" or "not measured": where a hospital writes 0 or 999 for that, it has to be emptied first,
because absence must not look like a finding. Nothing is repaired: every cell that cannot be used is named by its row.
"""

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from schemas import Consciousness, Sex, VitalSigns
from streams.domain.quality import AGE_RANGE_YEARS, POSSIBLE_RANGES
from streams.text import vitals_vector
from trainer.data.errors import BadCell, BadRows, NothingToLearn, WrongColumns
from trainer.data.labels import check_labels
from trainer.data.rows import DIAGNOSIS_LABELS, URGENCY_LEVELS, Row
from trainer.data.tables import FIRST_ROW, decoded

__all__ = ["VITALS_COLUMNS", "Reading", "load"]

VITALS_COLUMNS = ("age_years", "sex", "pregnant", *VitalSigns.model_fields)
_COLUMNS = ("id", "text", "group", "language", "diagnosis", "urgency_level", *VITALS_COLUMNS)
_LONGEST_TEXT_CHARACTERS = 10_000
_LONGEST_NAME_CHARACTERS, _MOST_NAMES = 32, 40
_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_RANGES: Mapping[str, tuple[float, float]] = {**POSSIBLE_RANGES, "age_years": AGE_RANGE_YEARS}
_LANGUAGE = r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is read. `columns`: our name to the file's; `labels`: the file's label to ours.

    `blank_impossible`: vital signs outside the possible range count as not measured, instead of as errors.
    """

    source: str
    encoding: str = "utf-8"
    delimiter: str = ","
    columns: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    blank_impossible: bool = False


def load(path: Path, reading: Reading) -> list[Row]:
    """Read all rows. Raises Undecodable, WrongColumns, BadRows or NothingToLearn."""
    lines = csv.reader(
        io.StringIO(decoded(path, reading.encoding), newline=""), delimiter=reading.delimiter, strict=True
    )
    header = next(lines, None)
    if header is None:
        raise NothingToLearn("the file is empty")
    places = _places(header, reading)
    rows: list[Row] = []
    faults: list[BadCell] = []
    seen: dict[str, int] = {}
    for number, cells in enumerate(_counted(lines, faults), start=FIRST_ROW):
        if len(cells) != len(header):
            faults.append(BadCell(number, "-", f"{len(cells)} cells, the header has {len(header)}"))
            continue
        record = _Record(
            number, {name: cells[place].strip() for name, place in places.items()}, reading, faults
        )
        row = record.row()
        if (known := record.cells.get("id")) and (first := seen.setdefault(known, number)) != number:
            faults.append(BadCell(number, "id", f"the same as in row {first}"))
        if row is not None:
            rows.append(row)
    if faults:
        raise BadRows(faults)
    check_labels(rows)
    _check_mapped(rows, reading)
    return rows


def _counted(lines: Iterator[list[str]], faults: list[BadCell]) -> Iterator[list[str]]:
    number = FIRST_ROW
    try:
        for cells in lines:
            yield cells
            number += 1
    except csv.Error as error:
        faults.append(BadCell(number, "-", f"not CSV: {error}"))


def _places(header: list[str], reading: Reading) -> dict[str, int]:
    names = [name.strip() for name in header]
    if twice := sorted(name for name, count in Counter(names).items() if count > 1):
        raise WrongColumns(f"columns that stand there twice: {', '.join(twice)}")
    if unknown := sorted(set(reading.columns) - set(_COLUMNS)):
        raise WrongColumns(f"no columns of ours: {', '.join(unknown)}; there are {', '.join(_COLUMNS)}")
    if absent := sorted(set(reading.columns.values()) - set(names)):
        raise WrongColumns(f"the file has no column {', '.join(absent)}; {_found(names)}")
    wanted = {name: reading.columns.get(name, name) for name in _COLUMNS}
    places = {name: names.index(theirs) for name, theirs in wanted.items() if theirs in names}
    if "text" not in places:
        raise WrongColumns(f"no column text; {_found(names)}: name yours with --column text=YOURS")
    if not {"diagnosis", "urgency_level"} & set(places):
        raise WrongColumns(
            f"neither a column diagnosis nor urgency_level; {_found(names)}: name yours with "
            "--column diagnosis=YOURS or --column urgency_level=YOURS"
        )
    return places


def _found(names: list[str]) -> str:
    """What is too long for a name may be a message, in a file without a header: its length is told instead."""
    told = [
        name if len(name) <= _LONGEST_NAME_CHARACTERS else f"({len(name)} characters)"
        for name in names[:_MOST_NAMES]
    ]
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"the file has {', '.join(told)}{more}"


def _check_mapped(rows: list[Row], reading: Reading) -> None:
    """A label that the caller names and no row has is a typing error, or a class that cannot be learned."""
    if absent := sorted(set(reading.labels.values()) - {row.diagnosis for row in rows}):
        raise NothingToLearn(f"no row has the diagnosis {', '.join(absent)} that was named")


@dataclass(slots=True)
class _Record:
    """One row of the file; what is wrong with it goes to `faults`."""

    number: int
    cells: Mapping[str, str]
    reading: Reading
    faults: list[BadCell]

    def row(self) -> Row | None:
        before = len(self.faults)
        text, source = self.cells["text"], self.reading.source
        if not text:
            self._fault("text", "empty")
        if len(text) > _LONGEST_TEXT_CHARACTERS:
            self._fault("text", f"longer than {_LONGEST_TEXT_CHARACTERS} characters")
        sex = self._choice("sex", {member.value: member for member in Sex})
        consciousness = self._choice("consciousness", {member.value: member for member in Consciousness})
        signs = VitalSigns(
            consciousness=consciousness,
            supplemental_oxygen=self._choice("supplemental_oxygen", _TRUTH),
            **{name: self._number(name) for name in POSSIBLE_RANGES},
        )
        vitals = vitals_vector(
            signs,
            age_years=self._number("age_years"),
            sex=sex,
            pregnant=self._choice("pregnant", _TRUTH),
        )
        row = Row(
            source=source,
            text=text,
            group=f"{source}/{self.cells.get('group') or self.number}",
            vitals=vitals,
            diagnosis=self._diagnosis(),
            urgency_level=self._level(),
            language=self._language(),
        )
        return row if len(self.faults) == before else None

    def _fault(self, column: str, fault: str) -> None:
        self.faults.append(BadCell(self.number, self.reading.columns.get(column, column), fault))

    def _number(self, column: str) -> float | None:
        cell = self.cells.get(column, "")
        if not cell:
            return None
        try:
            value = float(cell)
        except ValueError:
            self._fault(column, "not a number")
            return None
        if not math.isfinite(value):
            self._fault(column, "not a number; where it was not measured, the cell is empty")
            return None
        low, high = _RANGES[column]
        if not low <= value <= high:
            if not self.reading.blank_impossible:
                self._fault(column, f"outside the possible range {low:g} to {high:g}")
            return None
        return value

    def _choice(self, column: str, choices: Mapping[str, T]) -> T | None:
        cell = self.cells.get(column, "").lower()
        if cell and cell not in choices:
            self._fault(column, f"none of {', '.join(choices)}")
        return choices.get(cell)

    def _diagnosis(self) -> str | None:
        cell = self.cells.get("diagnosis", "")
        label = self.reading.labels.get(cell, cell)
        if label and label not in DIAGNOSIS_LABELS:
            self._fault("diagnosis", f"unknown label; there are {', '.join(DIAGNOSIS_LABELS)}")
        return label or None

    def _language(self) -> str | None:
        cell = self.cells.get("language", "")
        if cell and not re.fullmatch(_LANGUAGE, cell):
            self._fault("language", "not a language tag such as en or zh-CN")
        return cell or None

    def _level(self) -> int | None:
        cell = self.cells.get("urgency_level", "")
        if cell and (not re.fullmatch(r"\d", cell) or int(cell) not in URGENCY_LEVELS):
            self._fault("urgency_level", "none of 1 (most urgent) to 5")
            return None
        return int(cell) if cell else None
