"""Recall of the sick and of the urgent by sex, age, source and language."""

from collections.abc import Callable, Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from streams.domain.acuity import ADULT_FROM_YEARS
from streams.text import VITALS_FIELDS
from trainer.data.rows import Row
from trainer.data.splits import cluster
from trainer.evaluation.budget import Budget
from trainer.evaluation.evidence import Evidence, sampled
from trainer.evaluation.intervals import SEED, resampled, share
from trainer.evaluation.sections import Cell, Table
from trainer.evaluation.version import JudgedVersion
from trainer.metrics import Figure

__all__ = ["difference", "subgroups"]

_URGENT = 2
_FEWEST_ROWS = 20
_EVERY = "all"
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
    """Return tables of the differences between groups, of those too small for one, and of all groups."""
    rows = [
        row for test in evidence.test_sets.values() for row in sampled(test, budget.rows_per_test_set, SEED)
    ]
    readings = version.read(rows, title="subgroups")
    label = np.array([-1 if row.diagnosis_index is None else row.diagnosis_index for row in rows])
    level = np.array([-1 if row.urgency_index is None else row.urgency_index for row in rows])
    measured = (
        (readings.label == label, label > 0),
        (readings.published < _URGENT, (level >= 0) & (level < _URGENT)),
    )
    clusters, source = cluster(rows), np.array([row.source for row in rows])
    groups: list[tuple[Cell, ...]] = []
    differences: list[tuple[Cell, ...]] = []
    small: list[tuple[Cell, ...]] = []
    for by, group_of in _BY.items():
        member = np.array([group_of(row) for row in rows])
        for name in np.unique(member):
            cells = [share(hit, among & (member == name)) for hit, among in measured]
            counts = [int((among & (member == name)).sum()) for _, among in measured]
            groups.append((by, str(name), counts[0], cells[0], counts[1], cells[1]))
        for within in [_EVERY] if by == "source" else np.unique(source):
            inside = np.ones(len(rows), dtype=bool) if within == _EVERY else source == within
            chosen = [(hit, among & inside) for hit, among in measured]
            names = [str(name) for name in np.unique(member[inside]) if name != "unknown"]
            for first, second in combinations(names, 2):
                found = [difference(hit, among, member, clusters, first, second) for hit, among in chosen]
                if any(found):
                    differences.append((by, str(within), f"{first} - {second}", *found))
            for name in names:
                counts = [int((among & (member == name)).sum()) for _, among in chosen]
                if any(0 < count < _FEWEST_ROWS for count in counts):
                    small.append((by, str(within), name, *counts))
    return (
        Table(
            "Differences",
            ("by", "within", "groups", "recall of the sick", "recall of the urgent"),
            tuple(differences),
        ),
        Table("Too small to compare", ("by", "within", "group", "sick", "urgent"), tuple(small)),
        Table("Groups", ("by", "group", "sick", "recall", "urgent", "recall of levels 1-2"), tuple(groups)),
    )


def difference(
    hit: NDArray[np.bool_],
    among: NDArray[np.bool_],
    member: NDArray[np.str_],
    clusters: NDArray[np.int64],
    first: str,
    second: str,
) -> Figure | None:
    """Return the recall of `first` less that of `second`; None where one has fewer than 20 of the rows."""
    if min((among & (member == name)).sum() for name in (first, second)) < _FEWEST_ROWS:
        return None

    def signed(at: NDArray[np.int64]) -> float:
        one, other = (hit[at][among[at] & (member[at] == name)] for name in (first, second))
        return float(one.mean() - other.mean()) if len(one) and len(other) else float("nan")

    return resampled(signed, clusters.tolist(), seed=SEED)
