"""Does its answer hold where the meaning does? Behavioural tests as in CheckList (Ribeiro et al., ACL 2020)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

import numpy as np
from numpy.typing import NDArray

from trainer.data.rows import Row
from trainer.evaluation.budget import Budget
from trainer.evaluation.edits import INVARIANT, LESS_URGENT, MORE_URGENT, Edit
from trainer.evaluation.evidence import Evidence
from trainer.evaluation.intervals import SEED, WILSON, share
from trainer.evaluation.sections import Cell, Section, Table
from trainer.evaluation.service import Outgoing
from trainer.evaluation.version import JudgedVersion, Readings

__all__ = ["FLIP_COLUMNS", "Change", "flips", "robustness"]

_URGENT = 2
FLIP_COLUMNS = ("n", "diagnosis changed", "level changed", "less urgent", "from levels 1-2 to 3-5")


@dataclass(frozen=True, slots=True)
class Change:
    """What was answered to k rows before and after a change: labels and published levels [k]."""

    label_before: NDArray[np.int64]
    label_after: NDArray[np.int64]
    level_before: NDArray[np.int64]
    level_after: NDArray[np.int64]

    @classmethod
    def between(
        cls, before: Readings | Outgoing, after: Readings | Outgoing, at: Sequence[int] | None = None
    ) -> "Change":
        """Compare `after` with the rows of `before`, or with those `at` these positions."""
        chosen = np.arange(len(before.published)) if at is None else np.asarray(at)
        return cls(before.label[chosen], after.label, before.published[chosen], after.published)

    @property
    def less_urgent(self) -> NDArray[np.bool_]:
        """Where the level went out less urgent [k]."""
        return np.asarray(self.level_after > self.level_before)

    @property
    def more_urgent(self) -> NDArray[np.bool_]:
        """The reverse [k]."""
        return np.asarray(self.level_after < self.level_before)


def flips(change: Change) -> tuple[Cell, ...]:
    """Return the cells of FLIP_COLUMNS; the last is of all rows that went out at 1-2 before."""
    was_urgent = change.level_before < _URGENT
    return (
        len(change.level_before),
        share(change.label_before != change.label_after),
        share(change.level_before != change.level_after),
        share(change.less_urgent),
        share(change.level_after >= _URGENT, was_urgent),
    )


def robustness(version: JudgedVersion, evidence: Evidence, budget: Budget) -> list[Section]:
    """Return the flips for each kind of edit."""
    rows = evidence.mixed(budget.varied_rows, SEED)
    before = version.read(rows, title="as they are")
    kept = tuple((kind, *flips(change)) for kind, change in _changes(version, rows, before, INVARIANT))
    directed = [
        *(
            (kind, "not less urgent", change, change.less_urgent, change.more_urgent)
            for kind, change in _changes(version, rows, before, MORE_URGENT)
        ),
        *(
            (kind, "not more urgent", change, change.more_urgent, change.less_urgent)
            for kind, change in _changes(version, rows, before, LESS_URGENT)
        ),
    ]
    columns = ("edit", "expected", "n", "violated", "moved as the words say", "diagnosis changed")
    return [
        Section(
            key="robustness",
            title="Robustness",
            method=f"{len(rows)} test rows, every test set in like number, asked again after an edit, all written in "
            "trainer/evaluation/edits.py; a kind counts the rows it applies to. Level: as published, the most urgent "
            "plausible one. Other words for a finding are from the corpus's lexicon, which training text uses, too.",
            n=len(rows),
            seed=SEED,
            interval=WILSON,
            tables=(
                Table("The answer should stay", ("edit", *FLIP_COLUMNS), kept),
                Table(
                    "The answer may move one way only",
                    columns,
                    tuple(
                        (
                            kind,
                            expected,
                            len(violated),
                            share(violated),
                            share(moved),
                            share(change.label_before != change.label_after),
                        )
                        for kind, expected, change, violated, moved in directed
                    ),
                ),
            ),
        )
    ]


def _changes(
    version: JudgedVersion, rows: Sequence[Row], before: Readings, edits: Mapping[str, Edit]
) -> list[tuple[str, Change]]:
    changes = []
    for kind, edit in edits.items():
        rng = Random(SEED)
        edited = [(at, text) for at, row in enumerate(rows) if (text := edit(row.text, rng)) is not None]
        if edited:
            asked = [replace(rows[at], text=text) for at, text in edited]
            after = version.read(asked, title=kind)
            changes.append((kind, Change.between(before, after, [at for at, _ in edited])))
    return changes
