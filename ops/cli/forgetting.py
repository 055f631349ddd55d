"""Erased patients leave what learning keeps on disk: the rounds of `triage train watch`, and what runs replay."""

from collections.abc import Set as AbstractSet
from pathlib import Path

import typer
from rich.console import Console

from ops.cli.failures import needs_training

__all__ = ["forget"]


def forget(patients: AbstractSet[str], rounds: Path, runs: Path, console: Console) -> tuple[int, int]:
    """Return how many examples left the rounds, and how many rows the runs' memories.

    Says what could not be read, after all else is done, and exits with status 1.
    """
    from trainer.runs import runs_with_memory
    from trainer.watch.rounds import Rounds, RoundsUnreadable

    examples, rows, unreadable = 0, 0, []
    try:
        examples = Rounds(rounds).erase(patients)
    except RoundsUnreadable as error:
        unreadable.append(str(error))
    if patients and runs_with_memory(runs):
        needs_training(console)
        from trainer.continual.erasure import MemoriesUnusable, erase_from_memories

        try:
            rows = erase_from_memories(runs, patients)
        except MemoriesUnusable as error:
            unreadable.append(str(error))
    for fault in unreadable:
        console.print(fault, style="red", markup=False)
    if unreadable:
        raise typer.Exit(1)
    return examples, rows
