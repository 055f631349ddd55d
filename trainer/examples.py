"""`FeedbackExample`s in a file, one as JSON a line: what the feedback buffer is exported as, and a round was given."""

from collections.abc import Iterable
from pathlib import Path

from streams.domain.feedback import FeedbackExample
from trainer.data.json_lines import numbered_lines, read_each

__all__ = ["read_examples", "write_examples"]


def read_examples(path: Path) -> list[FeedbackExample]:
    """Read all examples; blank lines are none. Raises BadRows, which names lines and fields, never what they hold."""
    return read_each(
        FeedbackExample, ((number, line) for number, line in numbered_lines(path) if line.strip())
    )


def write_examples(examples: Iterable[FeedbackExample], path: Path) -> None:
    """Write them as a whole or not at all."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_text("".join(f"{example.model_dump_json()}\n" for example in examples), encoding="utf-8")
    unfinished.replace(path)
