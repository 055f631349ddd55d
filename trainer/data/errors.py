"""What can be wrong with data to learn from. Errors name rows, columns and labels, never a text.

BadData
├── Undecodable       the file is not in the encoding that was named
├── WrongColumns      a column is missing, or two have one name
├── BadRows           cells that cannot be used, each with its row number
├── NothingToLearn    no rows, no labels, a named class without rows, or one class only
├── EmptyClasses      classes that the model answers with have no row to learn from
└── DatasetChanged    a dataset's folder is broken, or its content is not what its manifest says
"""

from collections.abc import Sequence
from typing import NamedTuple

__all__ = [
    "BadCell",
    "BadData",
    "BadRows",
    "DatasetChanged",
    "EmptyClasses",
    "NothingToLearn",
    "Undecodable",
    "WrongColumns",
]

_SHOWN = 20


class BadCell(NamedTuple):
    """`fault` says what is wrong, without the value.

    `row` as a spreadsheet counts, its header being row 1; in a file without a header, the entry's place.
    """

    row: int
    column: str
    fault: str

    def __str__(self) -> str:
        return f"row {self.row}, column {self.column}: {self.fault}"


class BadData(Exception):
    """Base of all errors about data."""


class Undecodable(BadData):
    """Bytes that the encoding does not have: a file of mixed encodings, or another one than was named.

    `lines` holds all of them, the message the first; `line` is the first.
    """

    def __init__(self, encoding: str, lines: Sequence[int]) -> None:
        more = f" and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
        which = f"line {lines[0]} is" if len(lines) == 1 else f"lines {_listed(lines)}{more} are"
        super().__init__(f"{which} not {encoding}: name the file's encoding, or repair what is not")
        self.lines = tuple(lines)
        self.line = self.lines[0]


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:_SHOWN]))


class WrongColumns(BadData):
    """The header does not fit."""


class BadRows(BadData):
    """At least one cell cannot be used; `cells` holds all of them, the message the first."""

    def __init__(self, cells: Sequence[BadCell]) -> None:
        self.cells = tuple(cells)
        lines = [str(cell) for cell in self.cells[:_SHOWN]]
        if len(self.cells) > _SHOWN:
            lines.append(f"and {len(self.cells) - _SHOWN} more")
        super().__init__("\n".join([f"{len(self.cells)} cells cannot be used", *lines]))


class NothingToLearn(BadData):
    """The rows carry no task that could be learned or judged."""


class EmptyClasses(BadData):
    """A model made of this could never answer with `classes`."""

    def __init__(self, classes: Sequence[str]) -> None:
        super().__init__(
            f"no training row of {', '.join(classes)}: a model made of this could never give that answer. Add rows "
            "of it, or put a dataset that has them beside this one (triage data merge); where all of them were held "
            "back, import with another --seed or smaller --calibration and --test"
        )
        self.classes = tuple(classes)


class DatasetChanged(BadData):
    """The folder does not hold what was written there."""
