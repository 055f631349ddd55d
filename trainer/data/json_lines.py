"""Files with one JSON document a line."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from trainer.data.errors import BadCell, BadRows

__all__ = ["numbered_lines", "read_each"]

M = TypeVar("M", bound=BaseModel)


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each line with its number, from 1 on."""
    # not splitlines(): JSON leaves line separators of Unicode as they are
    lines = path.read_text(encoding="utf-8").split("\n")
    return enumerate(lines if lines[-1] else lines[:-1], start=1)


def read_each(kind: type[M], lines: Iterable[tuple[int, str]]) -> list[M]:
    """Read a document from each line. Raises BadRows, which names lines and fields, never what they hold."""
    documents, faults = [], []
    for number, line in lines:
        try:
            documents.append(kind.model_validate_json(line))
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"])) or "(all)"
            faults.append(BadCell(number, where, f"not as in {kind.__name__}"))
    if faults:
        raise BadRows(faults)
    return documents
