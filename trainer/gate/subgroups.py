"""Are some patients left behind? For each group, whether its gap to all others has grown.

A group is small, so nobody can show that its gap has *not* grown by a point or two: what is asked is whether it has
grown beyond chance, over all groups together (Bonferroni). Each check says what growth it would have seen.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from streams.text import VITALS_FIELDS
from trainer.data.rows import Row
from trainer.gate.judging import Judged
from trainer.gate.limits import Limits
from trainer.gate.report import Check, Status

__all__ = ["AXES", "growth", "subgroup_checks"]

_AGE, _FEMALE = VITALS_FIELDS.index("age_years"), VITALS_FIELDS.index("sex_female")
_ADULT, _OLD = 16, 65
_UNKNOWN = "unknown"


def subgroup_checks(judged: Judged, limits: Limits) -> Iterator[Check]:
    """Yield one check an axis and measure that has at least two groups."""
    level, label = judged.urgency, judged.diagnosis
    live, candidate = judged.live, judged.candidate
    measures = {
        "under-triage": (level >= 0, live.published > level, candidate.published > level),
        "wrong diagnosis": (label >= 0, live.label != label, candidate.label != label),
    }
    members = {axis: np.array([of(row) for row in judged.rows], dtype=object) for axis, of in AXES.items()}
    wanted = [
        (axis, measure, groups)
        for measure, (known, _, _) in measures.items()
        for axis, of_row in members.items()
        if (groups := _large(of_row[known], limits.smallest_group))
    ]
    comparisons = sum(len(groups) for _, _, groups in wanted)
    for axis, measure, groups in wanted:
        known, before, now = (part for part in measures[measure])
        yield _check(
            judged, members[axis], groups, f"{measure} by {axis}", known, before, now, comparisons, limits
        )


def _large(of_row: NDArray[np.object_], smallest: int) -> list[str]:
    """Return the groups that are large enough, where what is left of the others is so, too."""
    names, counts = np.unique(of_row.astype(str), return_counts=True)
    return [
        str(name)
        for name, count in zip(names, counts, strict=True)
        if count >= smallest and len(of_row) - count >= smallest
    ]


def _check(
    judged: Judged,
    of_row: NDArray[np.object_],
    groups: list[str],
    name: str,
    known: NDArray[np.bool_],
    before: NDArray[np.bool_],
    now: NDArray[np.bool_],
    comparisons: int,
    limits: Limits,
) -> Check:
    level = limits.level / comparisons
    found: dict[str, tuple[float, float, float]] = {}
    for group in groups:
        inside = of_row[known] == group
        gap = float(now[known][inside].mean() - now[known][~inside].mean())
        grown, error = growth(now[known].astype(float) - before[known], inside, judged.groups[known].tolist())
        p = float(norm.sf(grown / error)) if error > 0 and gap > 0 else 1.0
        found[group] = (p, grown, error)
    worst = min(found, key=lambda group: (found[group][0], -found[group][1]))
    p, grown, _ = found[worst]
    seen = max(error for _, _, error in found.values()) * (norm.isf(level) + norm.isf(1 - limits.power))
    small = sorted(set(of_row[known].astype(str)) - set(groups))
    told = (
        f"{worst}: gap to all others {100 * grown:+.1f} points, p = {min(1.0, p * comparisons):.2g} corrected"
    )
    told += f"; growth of {100 * seen:.1f} points would be seen with {100 * limits.power:.0f} %"
    told += f"; not judged, under {limits.smallest_group} rows: {', '.join(small)}" if small else ""
    return Check(
        name=name,
        evidence=judged.name,
        status=Status.FAILED if p < level else Status.PASSED,
        told=told,
        n=int(known.sum()),
        worse_by=grown,
        cases=(worst,) if p < level else (),
    )


def growth(
    worse: NDArray[np.float64], inside: NDArray[np.bool_], clusters: list[object]
) -> tuple[float, float]:
    """Return how much more `worse` [k] (-1, 0 or 1) is inside than outside, and its standard error over clusters."""
    _, cluster = np.unique(np.asarray(clusters, dtype=object).astype(str), return_inverse=True)
    means = worse[inside].mean(), worse[~inside].mean()
    share = np.where(inside, (worse - means[0]) / inside.sum(), -(worse - means[1]) / (~inside).sum())
    per_cluster = np.bincount(cluster, weights=share)
    number = len(per_cluster)
    error = np.sqrt((per_cluster**2).sum() * number / max(number - 1, 1))
    return float(means[0] - means[1]), float(error)


def _age_band(row: Row) -> str:
    age = row.vitals[_AGE]
    if np.isnan(age):
        return _UNKNOWN
    return "under 16" if age < _ADULT else ("16 to 64" if age < _OLD else "65 and older")


def _sex(row: Row) -> str:
    is_female = row.vitals[_FEMALE]
    return _UNKNOWN if np.isnan(is_female) else ("female" if is_female else "male")


AXES: Mapping[str, Callable[[Row], str]] = {
    "age band": _age_band,
    "sex": _sex,
    "language": lambda row: row.language or _UNKNOWN,
    "source": lambda row: row.source,
}
