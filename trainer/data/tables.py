"""Delimited files of others, read strictly: what does not fit is named by its line, row or column."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from trainer.data.errors import BadCell, BadRows, Undecodable, WrongColumns

__all__ = ["FIRST_ROW", "decoded", "read_table"]

FIRST_ROW = 2
"""As a spreadsheet counts: the header is row 1."""


def decoded(path: Path, encoding: str) -> str:
    """Return the whole text. Raises Undecodable with all lines that are not in `encoding`."""
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding)
    except UnicodeDecodeError as error:
        first = content.count(b"\n", 0, error.start) + 1
        raise Undecodable(encoding, _undecodable(content, encoding) or [first]) from None
    except LookupError:
        raise WrongColumns(f"{encoding} is not an encoding that Python knows") from None


def _undecodable(content: bytes, encoding: str) -> list[int]:
    """Number the lines that are not in `encoding`; none where its line ends are more than one byte long."""
    if len("\n".encode(encoding)) > 1:
        return []
    lines = []
    for number, line in enumerate(content.split(b"\n"), start=1):
        try:
            line.decode(encoding)
        except UnicodeDecodeError:
            lines.append(number)
    return lines


def read_table(
    path: Path, *, columns: tuple[str, ...], encoding: str, delimiter: str = ","
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row's number and its `columns`. Raises Undecodable, WrongColumns or BadRows."""
    lines = csv.reader(io.StringIO(decoded(path, encoding), newline=""), delimiter=delimiter)
    header = next(lines, [])
    if absent := [name for name in columns if name not in header]:
        raise WrongColumns(f"{path.name} has no column {', '.join(absent)}")
    for number, cells in enumerate(lines, start=FIRST_ROW):
        if len(cells) != len(header):
            raise BadRows([BadCell(number, "-", f"{len(cells)} cells, the header has {len(header)}")])
        record = dict(zip(header, cells, strict=True))
        yield number, {name: record[name] for name in columns}
