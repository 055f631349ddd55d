"""One round, command by command, each as an operator would run it by hand: nothing here decides by itself.

    labellers -> train continue -> gate -> install -> shadow

A round ends at the first command that refuses. What it leaves is on disk: the labels in its own folder, the candidate's
run with its record, the gate's report. Promotion stays a person's: the candidate answers in the shadow until then.
"""

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ops.local.process import ending_with_us
from trainer.runs import RunFolder

__all__ = ["Command", "Outcome", "RoundPlan", "run_round", "triage"]

_TRIAGE = (sys.executable, "-m", "ops.cli.main")

Command = Callable[[Sequence[str]], int]
"""Runs `triage` with these arguments, and returns its exit status."""


class Outcome(StrEnum):
    """How far a round came."""

    LABELLER_NAMED = "a labeller is named, or labels could not be judged: nothing was learned"
    NOT_TRAINED = "no candidate came of it"
    REFUSED = "the gate refused the candidate"
    NOT_INSTALLED = "the candidate could not be installed"
    INSTALLED = "the candidate is installed"
    SHADOWING = "the candidate answers in the shadow"
    BROKE_OFF = "the round could not be run"


@dataclass(frozen=True, slots=True)
class RoundPlan:
    """`labels`: FeedbackExamples, one a line. `live`: the live version's folder. `run`: the candidate's name in `runs`.

    `gate_options`: handed on to `triage models gate`. `shadow`: whether who installs the candidate lets it shadow, too.
    """

    labels: Path
    live: Path
    runs: Path
    run: str
    gate_options: tuple[str, ...] = ()
    shadow: bool = True


def run_round(plan: RoundPlan, command: Command, install: Callable[[Path], bool]) -> Outcome:
    """Run one round. `install(candidate)` says whether it could, the shadow included where one is planned."""
    live = str(plan.live)
    if command(["models", "labellers", "--against", live, "--feedback"]) != 0:
        return Outcome.LABELLER_NAMED
    trained = command(
        [
            *("train", "continue", "--from", live, "--new", str(plan.labels)),
            *("--set", f"name={plan.run}", "--out", str(plan.runs)),
        ]
    )
    if trained != 0:
        return Outcome.NOT_TRAINED
    folder = RunFolder(plan.runs / plan.run)
    candidate = str(folder.version_dir)
    judging = ["models", "gate", candidate, "--against", live, "--new", str(plan.labels)]
    if command([*judging, "--out", str(folder.path / "gate"), *plan.gate_options]) != 0:
        return Outcome.REFUSED
    if not install(folder.version_dir):
        return Outcome.NOT_INSTALLED
    return Outcome.SHADOWING if plan.shadow else Outcome.INSTALLED


def triage(arguments: Sequence[str]) -> int:
    """Run the command line in a process of its own: what it took of memory is given back. It ends with this process."""
    return subprocess.run(ending_with_us([*_TRIAGE, *arguments]), check=False).returncode
