"""One set of rows with both versions' decisions, and the checks that every set of labelled rows gets."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.data.rows import Row
from trainer.gate.decisions import Decided
from trainer.gate.evidence import URGENT
from trainer.gate.limits import Limits
from trainer.gate.paired import Compared, compare_scores, compare_shares
from trainer.gate.report import Check, Status
from trainer.metrics import macro_f1

__all__ = ["Judged", "check_of", "paired_checks"]

_LEVELS = 5
_UNKNOWN = -1

IsGood = Callable[[NDArray[np.int64]], NDArray[np.bool_]]
"""From published levels as indices [k] to whether each is as it should be [k]."""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Decisions on the same k rows. `labels`: what the label indices of both mean, and of `diagnosis` (the truth).

    A truth of -1 is not known. A label that live doesn't have counts as not known: there is nothing to compare.
    """

    name: str
    rows: Sequence[Row]
    live: Decided
    candidate: Decided
    labels: tuple[str, ...]

    @property
    def groups(self) -> NDArray[np.object_]:
        """Clusters of near-duplicates [k]."""
        return np.array([row.group for row in self.rows], dtype=object)

    @property
    def urgency(self) -> NDArray[np.int64]:
        """True levels as indices [k]."""
        return np.array([_UNKNOWN if (at := row.urgency_index) is None else at for row in self.rows])

    @property
    def diagnosis(self) -> NDArray[np.int64]:
        """True labels as indices [k]."""
        known = {label: number for number, label in enumerate(self.labels)}
        return np.array([known.get(row.diagnosis or "", _UNKNOWN) for row in self.rows])


def paired_checks(judged: Judged, limits: Limits) -> Iterator[Check]:
    """Yield the checks of what is published and of what the model reads, where the rows are labelled for it."""
    level, label = judged.urgency, judged.diagnosis
    if (level >= 0).any():
        yield from _urgency(judged, level, limits)
    if (label >= 0).any():
        yield from _diagnosis(judged, label, limits)


def _urgency(judged: Judged, truth: NDArray[np.int64], limits: Limits) -> Iterator[Check]:
    live, candidate = judged.live.published, judged.candidate.published
    known, urgent = truth >= 0, (truth >= 0) & (truth < URGENT)
    asked: tuple[tuple[str, NDArray[np.bool_], IsGood, float], ...] = (
        ("sensitivity of levels 1-2", urgent, lambda level: level < URGENT, limits.sensitivity_margin),
        ("not under-triaged", known, lambda level: level <= truth, limits.under_triage_margin),
        ("levels 3-5 not flagged", known & ~urgent, lambda level: level >= URGENT, limits.over_triage_margin),
    )
    for name, among, is_good, margin in asked:
        yield _shares(name, judged, among, is_good(live), is_good(candidate), margin, limits)
    yield _macro_f1(
        "urgency macro-F1", judged, truth, judged.live.level, judged.candidate.level, _LEVELS, limits
    )


def _diagnosis(judged: Judged, truth: NDArray[np.int64], limits: Limits) -> Iterator[Check]:
    live, candidate = judged.live, judged.candidate
    yield _macro_f1(
        "diagnosis macro-F1", judged, truth, live.label, candidate.label, len(judged.labels), limits
    )
    yield _shares(
        "diagnosis not withheld",
        judged,
        truth >= 0,
        ~live.withheld,
        ~candidate.withheld,
        limits.withheld_margin,
        limits,
    )


def _shares(
    name: str,
    judged: Judged,
    among: NDArray[np.bool_],
    live: NDArray[np.bool_],
    candidate: NDArray[np.bool_],
    margin: float,
    limits: Limits,
) -> Check:
    if not among.any():
        return Check(
            name=name,
            evidence=judged.name,
            status=Status.UNDERPOWERED,
            told="no row to judge it on",
            power=0.0,
        )
    compared = compare_shares(
        live[among], candidate[among], judged.groups[among].tolist(), margin=margin, level=limits.level
    )
    return check_of(name, judged.name, compared, margin, limits)


def _macro_f1(
    name: str,
    judged: Judged,
    truth: NDArray[np.int64],
    live: NDArray[np.int64],
    candidate: NDArray[np.int64],
    classes: int,
    limits: Limits,
) -> Check:
    known = truth >= 0
    compared = compare_scores(
        truth[known],
        np.where(live[known] < classes, live[known], _UNKNOWN),
        np.where(candidate[known] < classes, candidate[known], _UNKNOWN),
        judged.groups[known].tolist(),
        macro_f1,
        classes=classes,
        margin=limits.macro_f1_margin,
        level=limits.level,
    )
    return check_of(name, judged.name, compared, limits.macro_f1_margin, limits)


def check_of(name: str, evidence: str, compared: Compared, margin: float, limits: Limits) -> Check:
    """Judge one comparison. Non-inferiority that is shown passes, whatever the power: the data have spoken."""
    points = f"{100 * compared.worse_by:+.1f} points worse, at most {100 * compared.at_most:.1f} of {100 * margin:.1f}"
    if compared.at_most <= margin:
        status, told = Status.PASSED, f"not worse: {points}"
    elif compared.at_least > 0:
        status, told = Status.FAILED, f"worse beyond chance: {points}"
    elif compared.power >= limits.power:
        status, told = Status.FAILED, f"not shown to be within the margin: {points}"
    else:
        status = Status.UNDERPOWERED
        told = (
            f"cannot tell: {points}; a candidate as good as live would pass with {100 * compared.power:.0f} % on "
            f"these {compared.n} rows, worth {compared.effective_n:.0f} independent ones"
        )
    return Check(
        name=name,
        evidence=evidence,
        status=status,
        told=told,
        n=compared.n,
        effective_n=round(compared.effective_n),
        live=compared.live,
        candidate=compared.candidate,
        worse_by=compared.worse_by,
        bound=compared.at_most,
        limit=margin,
        power=compared.power,
    )
