"""The file of paraphrases: JSON lines, each with a text's SHA-256, never the text, and what was made of it.

The key is the text itself, so a file outlives the split and the dataset that it was made for: only rows that are
trained on are looked up in it. Files of several translators may be joined. Whoever can read it reads patients' words.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from trainer.data.errors import BadCell, BadData, BadRows, NothingToLearn
from trainer.data.json_lines import read_each
from trainer.data.rows import Row
from trainer.data.tables import decoded
from trainer.paraphrase.guards import Fault, fact_changed

__all__ = ["Paraphrased", "read_paraphrases", "sha256_of_text", "with_paraphrases"]


class Paraphrased(BaseModel):
    """A line. `discarded`: how many paraphrases were, by the fault."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    translator: str
    paraphrases: tuple[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)], ...]
    discarded: dict[Fault, int] = {}


def sha256_of_text(text: str) -> str:
    """Return what a line names its text by."""
    return hashlib.sha256(text.encode()).hexdigest()


def read_paraphrases(path: Path) -> list[Paraphrased]:
    """Read all lines. Raises BadData, which names the lines at fault."""
    try:
        lines = decoded(path, "utf-8").split("\n")
    except OSError as error:
        raise BadData(f"{path}: {error.strerror}") from None
    try:
        return read_each(Paraphrased, enumerate(lines if lines[-1] else lines[:-1], start=1))
    except BadRows as error:
        raise BadData(f"{path}: {error}") from None


def with_paraphrases(rows: Sequence[Row], path: Path) -> list[Row]:
    """Return the rows with what the file has for their texts. Raises BadData.

    Numbers and negations are compared again: the file may have been written by other means.
    """
    known: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for number, line in enumerate(read_paraphrases(path), start=1):
        known[line.text_sha256] += ((number, one) for one in line.paraphrases)
    found = [known.get(sha256_of_text(row.text), []) for row in rows]
    faults = {
        BadCell(number, "paraphrases", f"another {fault} than in the text")
        for row, some in zip(rows, found, strict=True)
        for number, one in some
        if (fault := fact_changed(row.text, one))
    }
    if faults:
        raise BadData(f"{path}: {BadRows(sorted(faults))}")
    if not any(found):
        raise NothingToLearn(f"{path} has a paraphrase of none of the training rows")
    return [
        replace(row, paraphrases=tuple(one for _, one in some)) for row, some in zip(rows, found, strict=True)
    ]
