"""Both versions on messages that nobody labelled: by the path of service, paired, with intervals."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from ops.learning.demo.account import Finding
from ops.learning.demo.verdicts import better, not_worse
from trainer.data.rows import Row
from trainer.evaluation import JudgedVersion
from trainer.gate import Limits
from trainer.gate.decisions import Decided, admit, decide_all
from trainer.gate.judging import Judged
from trainer.gate.paired import compare_scores, compare_shares
from trainer.metrics import Figure, bootstrap, macro_f1, under_triage

__all__ = ["judged_on"]

_SEED = 20_190_914
_LEVELS = 5


def judged_on(
    name: str, rows: Sequence[Row], live: Path, candidate: Path, *, gains: bool
) -> Iterator[Finding]:
    """Yield how diagnoses and levels have changed. `gains`: diagnoses have to be better, else not to be worse."""
    messages, limits = admit(rows), Limits()
    versions = [JudgedVersion(folder, workers=2) for folder in (live, candidate)]
    before, after = (decide_all(version, messages, title=name) for version in versions)
    both = Judged(name, rows, before, after, versions[0].profile.labels)
    what = f"diagnosis macro-F1, {name} wording"
    groups = both.groups.tolist()
    was, now = (_f1(both, decided, groups) for decided in (before, after))
    compared = compare_scores(
        both.diagnosis,
        before.label,
        after.label,
        groups,
        macro_f1,
        classes=len(both.labels),
        margin=limits.macro_f1_margin,
        level=limits.level,
    )
    yield (better if gains else not_worse)(what, was, now, compared)
    yield _levels(both, groups, limits)


def _f1(both: Judged, decided: Decided, groups: Sequence[object]) -> Figure:
    classes = len(both.labels)
    return bootstrap(both.diagnosis, decided.label, groups, {"f1": macro_f1}, classes=classes, seed=_SEED)[
        "f1"
    ]


def _levels(both: Judged, groups: Sequence[object], limits: Limits) -> Finding:
    truth = both.urgency
    was, now = (
        bootstrap(truth, decided.published, groups, {"missed": under_triage}, classes=_LEVELS, seed=_SEED)[
            "missed"
        ]
        for decided in (both.live, both.candidate)
    )
    compared = compare_shares(
        both.live.published <= truth,
        both.candidate.published <= truth,
        groups,
        margin=limits.under_triage_margin,
        level=limits.level,
    )
    return not_worse(f"under-triage, {both.name} wording", was, now, compared)
