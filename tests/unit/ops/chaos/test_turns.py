"""Faults of workers hit both stages, and early."""

from random import Random

from ops.chaos.faults import FAULTS
from ops.chaos.faults.base import WorkerFault
from ops.chaos.turns import Turns
from ops.chaos.under_test import STAGES

WORKERS = {"admit": ["admit_1", "admit_2"], "assess": ["assess_1", "assess_2"]}


def test_within_a_kind_of_fault_the_stages_take_turns_from_the_one_named() -> None:
    turns, rng = Turns(WORKERS), Random(1)
    hit = [turns.choose("kill", rng, first="assess").partition("_")[0] for _ in range(4)]
    assert hit == ["assess", "admit", "assess", "admit"]


def test_each_kind_has_turns_of_its_own() -> None:
    turns, rng = Turns(WORKERS), Random(1)
    assert turns.choose("kill", rng, first="admit").startswith("admit")
    assert turns.choose("pause", rng, first="admit").startswith("admit")


def test_within_a_stage_chance_decides() -> None:
    turns, rng = Turns(WORKERS), Random(1)
    assert {turns.choose("kill", rng, first="admit") for _ in range(40)} == {
        *WORKERS["admit"],
        *WORKERS["assess"],
    }


def test_when_each_fault_came_once_both_stages_were_hit() -> None:
    begins_with = [kind.first_stage for kind in FAULTS if isinstance(kind, WorkerFault)]
    assert set(begins_with) == set(STAGES)
