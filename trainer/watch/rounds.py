"""What each round of learning was given: a folder a round, which also tells which labels are new.

    ROUNDS/0001/labels.jsonl    one `FeedbackExample` a line, de-identified patient text: keep it as patient data
    ROUNDS/0001/reason.txt      why the round began
    ROUNDS/0001/learned.txt     what came of it, where its labels were learned; without it they wait for the next round
    ROUNDS/0001/erased.jsonl    that patients were erased from it: when, how many lines, the labels' digest before

A round exists once its folder has its name: what a crash leaves half written has another, and is written anew.
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from filelock import FileLock, Timeout

from streams.domain.feedback import FeedbackExample
from trainer.data.errors import BadRows
from trainer.examples import read_examples, write_examples
from trainer.tombstones import add_tombstone

__all__ = ["ERASED", "LABELS", "Rounds", "RoundsError", "RoundsInUse", "RoundsUnreadable", "learned"]

LABELS, REASON, LEARNED, ERASED = "labels.jsonl", "reason.txt", "learned.txt", "erased.jsonl"
_UNFINISHED, _LOCK, _WATCHED = ".unfinished", ".rounds.lock", ".watch.lock"


class RoundsError(Exception):
    """The folder of the rounds cannot be used as it is."""


class RoundsInUse(RoundsError):
    """Another watch has this folder."""


class RoundsUnreadable(RoundsError):
    """Rounds that cannot be read or replaced; names files and lines, never what stands there.

    `gone`: how many examples an erasure took out of the others.
    """

    def __init__(self, *faults: str, gone: int = 0) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults
        self.gone = gone


class Rounds:
    """The rounds in `folder`, which need not exist yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Be the one watch of this folder. Raises RoundsInUse, RoundsError. The kernel ends it with the process."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            # a soft lock, which stands in where there is no flock, would outlive a killed process
            lock = FileLock(self._folder / _WATCHED, fallback_to_soft=False)
            lock.acquire(blocking=False)
        except Timeout:
            raise RoundsInUse(f"{self._folder}: another `triage train watch` has it") from None
        except OSError as cause:
            raise RoundsError(f"{self._folder}: {cause.strerror}") from None
        try:
            yield
        finally:
            lock.release()

    def all(self) -> list[Path]:
        """Return the rounds, oldest first. Raises RoundsUnreadable."""
        if not self._is_there():
            return []
        with _told(self._folder):
            rounds = [path for path in self._folder.iterdir() if path.name.isdigit() and path.is_dir()]
        return sorted(rounds, key=lambda path: int(path.name))

    def new(self, examples: Iterable[FeedbackExample]) -> list[FeedbackExample]:
        """Return the examples with a settled label that no round has had as it is now. Raises RoundsUnreadable."""
        return _without(examples, self.all())

    def unlearned(self, examples: Iterable[FeedbackExample]) -> list[FeedbackExample]:
        """Return those that no round has learned: the new ones, and those of rounds that were refused or broke off."""
        return _without(examples, [path for path in self.all() if (path / LEARNED).exists()])

    def latest(self) -> list[FeedbackExample]:
        """Return what the last round was given; nothing before the first. Raises RoundsUnreadable."""
        rounds = self.all()
        return _labels_of(rounds[-1]) if rounds else []

    def last_at(self) -> datetime | None:
        """Return when the last round began; None before the first."""
        rounds = self.all()
        return datetime.fromtimestamp((rounds[-1] / REASON).stat().st_mtime, UTC) if rounds else None

    def begin(self, examples: Sequence[FeedbackExample], reason: str) -> Path:
        """Write the next round down and return its folder."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._locked():
            last = self.all()
            number = int(last[-1].name) + 1 if last else 1
            unfinished = self._folder / _UNFINISHED
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(mode=0o700)
            write_examples(sorted(examples, key=_mark), unfinished / LABELS)
            (unfinished / REASON).write_text(f"{reason}\n", encoding="utf-8")
            return unfinished.rename(self._folder / f"{number:04}")

    def erase(self, patients: AbstractSet[str]) -> int:
        """Take these patients (pseudonyms) out of every round; return how many examples went.

        A run that learned from such a round cannot be resumed. Raises RoundsUnreadable, after all others are done.
        """
        if not patients or not self._is_there():
            return 0
        gone = 0
        faults: list[str] = []
        with self._locked():
            shutil.rmtree(self._folder / _UNFINISHED, ignore_errors=True)  # of a process that died in `begin`
            for folder in self.all():
                try:
                    gone += _erase_from(folder, patients)
                except RoundsUnreadable as error:
                    faults += error.faults
        if faults:
            raise RoundsUnreadable(*faults, gone=gone)
        return gone

    def _is_there(self) -> bool:
        with _told(self._folder):
            return self._folder.is_dir()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = FileLock(self._folder / _LOCK)
        with _told(self._folder):
            lock.acquire()
        try:
            yield
        finally:
            lock.release()


def learned(folder: Path, outcome: str) -> None:
    """Note that a round's labels were learned."""
    (folder / LEARNED).write_text(f"{outcome}\n", encoding="utf-8")


def _erase_from(folder: Path, patients: AbstractSet[str]) -> int:
    examples = _labels_of(folder)
    kept = [example for example in examples if example.patient_id not in patients]
    gone = len(examples) - len(kept)
    if gone:
        with _told(folder):
            add_tombstone(folder / ERASED, gone, sha256((folder / LABELS).read_bytes()).hexdigest())
            write_examples(kept, folder / LABELS)
    return gone


def _without(examples: Iterable[FeedbackExample], rounds: Iterable[Path]) -> list[FeedbackExample]:
    had = {_mark(example) for folder in rounds for example in _labels_of(folder)}
    return [example for example in examples if example.settled.classes and _mark(example) not in had]


def _labels_of(folder: Path) -> list[FeedbackExample]:
    try:
        with _told(folder / LABELS):
            return read_examples(folder / LABELS)
    except BadRows as error:
        raise RoundsUnreadable(f"{folder / LABELS}: {error}") from None
    except UnicodeDecodeError:
        raise RoundsUnreadable(f"{folder / LABELS} is not UTF-8") from None


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """What the file system refuses names the path, and why."""
    try:
        yield
    except OSError as error:
        raise RoundsUnreadable(f"{path}: {error.strerror}") from None


def _mark(example: FeedbackExample) -> tuple[str, str, str]:
    """Two examples of one message are the same where they say the same."""
    return example.source, example.message_id, example.settled.model_dump_json()
