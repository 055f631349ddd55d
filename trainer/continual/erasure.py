"""Erased patients leave the rows that runs keep for replay (`RunFolder.memory`).

A row of feedback carries its patient in `group`, as `trainer.continual.labels.row_of` writes it. A row of a dataset
that was imported carries none, and stays.
"""

import shutil
from collections.abc import Set as AbstractSet
from pathlib import Path

from filelock import FileLock

from trainer.continual.labels import group_of
from trainer.continual.memory import ALL_TRAIN
from trainer.data.dataset import Dataset, make_dataset, read_dataset, write_dataset
from trainer.data.errors import DatasetChanged
from trainer.runs import MEMORY_BEFORE, RunFolder, runs_with_memory
from trainer.tombstones import add_tombstone

__all__ = ["ERASED", "erase_from_memories"]

ERASED = "erased.jsonl"
_UNFINISHED, _LOCK = ".memory.unfinished", ".memory.lock"


def erase_from_memories(runs_dir: Path, patients: AbstractSet[str]) -> int:
    """Take these patients (pseudonyms) out of every run's memory; return how many rows went.

    Raises DatasetChanged, which names the memories that cannot be read, after all others are done.
    """
    gone, unreadable = 0, []
    for run in runs_with_memory(runs_dir) if patients else ():
        with FileLock(run.continual / _LOCK):
            try:
                gone += _erase_from(run, patients)
            except DatasetChanged as error:
                unreadable.append(str(error))
    if unreadable:
        raise DatasetChanged("; ".join(unreadable))
    return gone


def _erase_from(run: RunFolder, patients: AbstractSet[str]) -> int:
    before = run.continual / MEMORY_BEFORE
    if before.exists() and not run.memory.exists():  # an erasure died between its two renames
        before.rename(run.memory)
    shutil.rmtree(before, ignore_errors=True)
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
    unfinished, before = run.continual / _UNFINISHED, run.continual / MEMORY_BEFORE
    shutil.rmtree(unfinished, ignore_errors=True)
    if dataset is not None:
        write_dataset(dataset, unfinished)
    run.memory.rename(before)
    if dataset is not None:
        unfinished.rename(run.memory)
    shutil.rmtree(before)
