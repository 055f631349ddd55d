"""Erased patients leave what learning keeps on disk: the rounds of `triage train watch`, and what runs replay."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from ops.cli.failures import needs_training

__all__ = ["Forgotten", "forget"]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many examples left the rounds, how many rows the runs' memories; `faults`: what could not forget, and why."""

    examples: int
    rows: int
    faults: tuple[str, ...]


def forget(patients: AbstractSet[str], rounds: Path, runs: Path, console: Console) -> Forgotten:
    """Let rounds and runs forget; one that cannot keeps no other from it, and is told on `console`."""
    from trainer.runs import runs_with_memory
    from trainer.watch.rounds import Rounds, RoundsUnreadable

    examples, rows = 0, 0
    faults: list[str] = []
    try:
        examples = Rounds(rounds).erase(patients)
    except RoundsUnreadable as error:
        examples = error.gone
        faults += error.faults
    try:
        keeps_rows = bool(patients) and bool(runs_with_memory(runs))
    except OSError as error:
        keeps_rows = False
        faults.append(f"{runs}: {error.strerror}")
    if keeps_rows:
        needs_training(console)
        from trainer.continual.erasure import MemoriesUnusable, erase_from_memories

        try:
            rows = erase_from_memories(runs, patients)
        except MemoriesUnusable as error:
            rows = error.rows
            faults += map(str, error.faults)
    for fault in faults:
        console.print(fault, style="red", markup=False, highlight=False, soft_wrap=True)
    return Forgotten(examples, rows, tuple(faults))
