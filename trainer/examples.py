"""`FeedbackExample`s in a file, one as JSON a line: what the feedback buffer is exported as, and a round was given."""

from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from streams.domain.feedback import FeedbackExample
from trainer.data.errors import BadCell, BadRows

__all__ = ["read_examples", "write_examples"]


def read_examples(path: Path) -> list[FeedbackExample]:
    """Read all examples; blank lines are none. Raises BadRows, which names lines and fields, never what they hold."""
    examples, faults = [], []
    # not splitlines(): JSON leaves line separators of Unicode as they are
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            examples.append(FeedbackExample.model_validate_json(line))
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"])) or "(all)"
            faults.append(BadCell(number, where, "not as in FeedbackExample"))
    if faults:
        raise BadRows(faults)
    return examples


def write_examples(examples: Iterable[FeedbackExample], path: Path) -> None:
    """Write them as a whole or not at all."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_text("".join(f"{example.model_dump_json()}\n" for example in examples), encoding="utf-8")
    unfinished.replace(path)
