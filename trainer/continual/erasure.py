"""Erased patients leave the rows that runs keep for replay (`RunFolder.memory`).

A row of feedback carries its patient in `group`, as `trainer.continual.labels.row_of` writes it. A row of a dataset
that was imported carries none, and stays.

A process may die at any step. What is to stay is written whole before the memory is taken away, so where the memory
before still lies beside it, whoever comes next (an erasure, a round) ends what was begun; nobody goes back to it.
Not covered: a machine that loses power while it writes.
"""

import shutil
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from trainer.continual.labels import group_of
from trainer.continual.memory import ALL_TRAIN
from trainer.data.dataset import Dataset, make_dataset, read_dataset, write_dataset
from trainer.data.errors import BadData
from trainer.runs import RunFolder, runs_with_memory
from trainer.tombstones import add_tombstone

__all__ = [
    "ERASED",
    "MemoriesUnusable",
    "MemoryFault",
    "erase_from_memories",
    "keep_memory",
    "whole_memory",
]

ERASED = "erased.jsonl"
_LOCK = ".memory.lock"


@dataclass(frozen=True, slots=True)
class MemoryFault:
    """Why the memory of the run at `run` did not forget; no word of its rows."""

    run: Path
    reason: str

    def __str__(self) -> str:
        return f"run {self.run.name} still keeps what it had for replay: {self.reason}"


class MemoriesUnusable(BadData):
    """Some runs could not forget; `faults` has each. All others did: `rows` went from these."""

    def __init__(self, faults: tuple[MemoryFault, ...], rows: int) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults
        self.rows = rows


def erase_from_memories(runs_dir: Path, patients: AbstractSet[str]) -> int:
    """Take these patients (pseudonyms) out of every run's memory; return how many rows went.

    Raises MemoriesUnusable, after all others are done; OSError where `runs_dir` itself cannot be listed.
    """
    gone, faults = 0, []
    for run in runs_with_memory(runs_dir) if patients else ():
        try:
            with whole_memory(run):
                gone += _erase_from(run, patients)
        except BadData as error:
            faults.append(MemoryFault(run.path, str(error)))
        except OSError as error:
            faults.append(MemoryFault(run.path, error.strerror or type(error).__name__))
    if faults:
        raise MemoriesUnusable(tuple(faults), gone)
    return gone


def keep_memory(run: RunFolder, dataset: Dataset) -> None:
    """Write what a run replays, as a whole or not at all; what is there stays."""
    with whole_memory(run):
        if not run.memory.exists():
            write_dataset(dataset, run.memory_unfinished)
            run.memory_unfinished.rename(run.memory)


@contextmanager
def whole_memory(run: RunFolder) -> Iterator[None]:
    """Be the one who reads or replaces a run's memory; what an erasure that died left is ended first."""
    # a soft lock, which stands in where there is no flock, would outlive a killed process
    with FileLock(run.continual / _LOCK, fallback_to_soft=False):
        _end_erasure(run)
        yield


def _end_erasure(run: RunFolder) -> None:
    unfinished, before = run.memory_unfinished, run.memory_before
    if before.exists():
        if unfinished.exists():
            unfinished.rename(run.memory)
        shutil.rmtree(before)
    elif unfinished.exists():  # it died while it wrote: the memory is as it was
        shutil.rmtree(unfinished)


def _erase_from(run: RunFolder, patients: AbstractSet[str]) -> int:
    if not run.memory.exists():
        return 0
    dataset = read_dataset(run.memory)
    sources = {row.source for row in dataset.rows}
    erased = {group_of(source, patient) for source in sources for patient in patients}
    kept = [row for row in dataset.rows if row.group not in erased]
    gone = len(dataset.rows) - len(kept)
    if gone:
        add_tombstone(run.continual / ERASED, gone, dataset.manifest.content_sha256)
        origins = dataset.manifest.origins
        _replace(run, make_dataset(kept, origins, shares=ALL_TRAIN, seed=0) if kept else None)
    return gone


def _replace(run: RunFolder, dataset: Dataset | None) -> None:
    if dataset is not None:
        write_dataset(dataset, run.memory_unfinished)
    run.memory.rename(run.memory_before)
    _end_erasure(run)
