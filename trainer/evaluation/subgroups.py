"""Recall of the sick and of the urgent by sex, age, source and language."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from streams.domain.acuity import ADULT_FROM_YEARS
from streams.text import VITALS_FIELDS
from trainer.data.rows import Row
from trainer.evaluation.budget import Budget
from trainer.evaluation.evidence import Evidence, sampled
from trainer.evaluation.intervals import SEED, resampled, share
from trainer.evaluation.sections import Cell, Table
from trainer.evaluation.version import JudgedVersion
from trainer.metrics import Figure

__all__ = ["gap", "subgroups"]

_URGENT = 2
_FEWEST_ROWS = 20
_AGE, _SEX = VITALS_FIELDS.index("age_years"), VITALS_FIELDS.index("sex_female")
_BANDS = ((0.0, ADULT_FROM_YEARS), (ADULT_FROM_YEARS, 40.0), (40.0, 65.0), (65.0, 200.0))


def _sex(row: Row) -> str:
    return {1.0: "female", 0.0: "male"}.get(float(row.vitals[_SEX]), "unknown")


def _age(row: Row) -> str:
    age = float(row.vitals[_AGE])
    return next((f"{low:.0f} to under {high:.0f}" for low, high in _BANDS if low <= age < high), "unknown")


_BY: Mapping[str, Callable[[Row], str]] = {
    "sex": _sex,
    "age": _age,
    "source": lambda row: row.source,
    "language": lambda row: row.language or "unknown",
}


def subgroups(version: JudgedVersion, evidence: Evidence, budget: Budget) -> tuple[Table, ...]:
    """Return a table of the groups, and one of the gaps."""
    rows = [
        row for test in evidence.test_sets.values() for row in sampled(test, budget.rows_per_test_set, SEED)
    ]
    readings = version.read(rows, title="subgroups")
    label = np.array([-1 if row.diagnosis_index is None else row.diagnosis_index for row in rows])
    level = np.array([-1 if row.urgency_index is None else row.urgency_index for row in rows])
    measured = {
        "sick": (readings.label == label, label > 0),
        "urgent": (readings.published < _URGENT, (level >= 0) & (level < _URGENT)),
    }
    clusters = [row.group for row in rows]
    groups: list[tuple[Cell, ...]] = []
    gaps: list[tuple[Cell, ...]] = []
    for by, group_of in _BY.items():
        member = np.array([group_of(row) for row in rows])
        for name in np.unique(member):
            cells = [share(hit, among & (member == name)) for hit, among in measured.values()]
            counts = [int((among & (member == name)).sum()) for _, among in measured.values()]
            groups.append((by, str(name), counts[0], cells[0], counts[1], cells[1]))
        gaps.append((by, *(gap(hit, among, member, clusters) for hit, among in measured.values())))
    return (
        Table("Gaps", ("by", "recall of the sick", "recall of the urgent"), tuple(gaps)),
        Table("Groups", ("by", "group", "sick", "recall", "urgent", "recall of levels 1-2"), tuple(groups)),
    )


def gap(
    hit: NDArray[np.bool_], among: NDArray[np.bool_], member: NDArray[np.str_], clusters: Sequence[str]
) -> Figure | None:
    """Return the difference of recall between the best and the worst group; None with fewer than two groups.

    Groups with fewer than 20 of the rows are left out, as are those whose members are unknown.
    """
    names = [
        name
        for name in np.unique(member[among])
        if name != "unknown" and (among & (member == name)).sum() >= _FEWEST_ROWS
    ]
    if len(names) < 2:
        return None

    def largest(at: NDArray[np.int64]) -> float:
        chosen = [hit[at][among[at] & (member[at] == name)] for name in names]
        shares = [one.mean() for one in chosen if len(one)]
        return float(max(shares) - min(shares)) if len(shares) == len(names) else float("nan")

    return resampled(largest, clusters, seed=SEED)
