"""What each round of learning was given: a folder a round, which also tells which labels are new.

    ROUNDS/0001/labels.jsonl    one `FeedbackExample` a line, de-identified patient text: keep it as patient data
    ROUNDS/0001/reason.txt      why the round began
    ROUNDS/0001/learned.txt     what came of it, where its labels were learned; without it they wait for the next round

A round exists once its folder has its name: what a crash leaves half written has another, and is written anew.
"""

import shutil
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from streams.domain.feedback import FeedbackExample

__all__ = ["LABELS", "Rounds", "RoundsUnreadable", "learned"]

LABELS, REASON, LEARNED = "labels.jsonl", "reason.txt", "learned.txt"
_UNFINISHED = ".unfinished"


class RoundsUnreadable(ValueError):
    """A round's labels are no `FeedbackExample`s; names the file and the line, never what stands there."""


class Rounds:
    """The rounds in `folder`, which need not exist yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> list[Path]:
        """Return the rounds, oldest first."""
        if not self._folder.is_dir():
            return []
        return sorted(path for path in self._folder.iterdir() if path.name.isdigit() and path.is_dir())

    def new(self, examples: Iterable[FeedbackExample]) -> list[FeedbackExample]:
        """Return the examples with a settled label that no round has had as it is now. Raises RoundsUnreadable."""
        return _without(examples, self.all())

    def unlearned(self, examples: Iterable[FeedbackExample]) -> list[FeedbackExample]:
        """Return those that no round has learned: the new ones, and those of rounds that were refused or broke off."""
        return _without(examples, [path for path in self.all() if (path / LEARNED).exists()])

    def latest(self) -> list[FeedbackExample]:
        """Return what the last round was given; nothing before the first. Raises RoundsUnreadable."""
        rounds = self.all()
        return read_labels(rounds[-1] / LABELS) if rounds else []

    def last_at(self) -> datetime | None:
        """Return when the last round began; None before the first."""
        rounds = self.all()
        return datetime.fromtimestamp((rounds[-1] / REASON).stat().st_mtime, UTC) if rounds else None

    def begin(self, examples: Sequence[FeedbackExample], reason: str) -> Path:
        """Write the next round down and return its folder."""
        last = self.all()
        number = int(last[-1].name) + 1 if last else 1
        unfinished = self._folder / _UNFINISHED
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True, mode=0o700)
        lines = (example.model_dump_json() for example in sorted(examples, key=_mark))
        (unfinished / LABELS).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        (unfinished / REASON).write_text(f"{reason}\n", encoding="utf-8")
        return unfinished.rename(self._folder / f"{number:04}")


def learned(folder: Path, outcome: str) -> None:
    """Note that a round's labels were learned."""
    (folder / LEARNED).write_text(f"{outcome}\n", encoding="utf-8")


def _without(examples: Iterable[FeedbackExample], rounds: Iterable[Path]) -> list[FeedbackExample]:
    had = {_mark(example) for path in rounds for example in read_labels(path / LABELS)}
    return [example for example in examples if example.settled.classes and _mark(example) not in had]


def read_labels(path: Path) -> list[FeedbackExample]:
    """Return the examples of a file. Raises RoundsUnreadable."""
    examples = []
    for number, line in enumerate(path.read_text(encoding="utf-8").rstrip("\n").split("\n"), start=1):
        try:
            examples.append(FeedbackExample.model_validate_json(line))
        except ValidationError:
            raise RoundsUnreadable(f"{path}: line {number} is no example") from None
    return examples


def _mark(example: FeedbackExample) -> tuple[str, str, str]:
    """Two examples of one message are the same where they say the same."""
    return example.source, example.message_id, example.settled.model_dump_json()
