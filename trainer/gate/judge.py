"""The whole judgement, one kind of check after another."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from trainer.bundle import sha256_of
from trainer.data.dataset import Dataset
from trainer.evaluation import JudgedVersion
from trainer.gate.calibration import calibration_checks
from trainer.gate.cost import cost_checks, whole_files
from trainer.gate.critical import critical_checks, presentations, rows_of
from trainer.gate.decisions import Decided, admit, decide_all
from trainer.gate.evidence import Evidence, of_dataset, written
from trainer.gate.judging import Judged, paired_checks
from trainer.gate.labellers import features_of, find_labellers, labellers_check
from trainer.gate.limits import Limits
from trainer.gate.opinions import Opinion
from trainer.gate.report import Check, GateReport, Status, VersionJudged
from trainer.gate.subgroups import subgroup_checks

__all__ = ["judge"]

_NO_NEW_LABELS = (
    "No held-back new labels were given: nothing here says that the candidate is better at anything."
)
_WRITTEN = (
    "The regression set was written here. A candidate that learned from the same corpus knows its patterns, and no "
    "share on it is that of a waiting room: a hospital gives its own."
)


def judge(
    candidate: Path,
    live: Path,
    *,
    regression: Dataset | Evidence | None = None,
    new: Dataset | Evidence | None = None,
    opinions: Sequence[Opinion] = (),
    limits: Limits | None = None,
    accept_low_power: str | None = None,
    workers: int = 2,
    say: Callable[[str], None] = lambda _: None,
) -> GateReport:
    """Judge the version in the folder `candidate` against the one in `live`; `say` tells what is being done.

    Both with the graph transforms of live's code, which Triton runs for either.

    `opinions`: who labelled what of this round. `accept_low_power`: why tests that cannot tell do not block this
    time; recorded. Raises NotAVersion, NothingToLearn.
    """
    limits = limits or Limits()
    # an installed candidate takes live's code: `ops.release.repository.ModelVersions.stage`
    old, new_one = (JudgedVersion(folder, workers=workers, served_by=live) for folder in (live, candidate))
    sets = [_evidence("regression", regression) or written()]
    if (held_back := _evidence("new labels", new)) is not None:
        sets.append(held_back)
    checks = [whole_files(new_one), _labels(old, new_one)]
    for evidence in sets:
        say(f"{evidence.name}: {len(evidence.rows)} rows")
        judged = _judged(evidence, old, new_one)
        checks += [*paired_checks(judged, limits), *calibration_checks(judged, limits)]
        checks += subgroup_checks(judged, limits)
    labellers = find_labellers(opinions, features_of(opinions, old), limits) if opinions else []
    if opinions:
        say(f"labellers: {len(opinions)} labels")
        checks.append(labellers_check(labellers))
    say("critical suite")
    checks += _critical(old, new_one, limits)
    say("latency and size")
    checks += cost_checks(old, new_one, sets[0].rows, limits)
    return GateReport(
        candidate=_named(new_one),
        live=_named(old),
        limits=limits,
        evidence=tuple(evidence.used for evidence in sets),
        checks=tuple(checks),
        labellers=tuple(labellers),
        notes=tuple(_notes(regression, new)),
        low_power_accepted=accept_low_power,
    )


def _evidence(name: str, given: Dataset | Evidence | None) -> Evidence | None:
    return of_dataset(name, given) if isinstance(given, Dataset) else given


def _notes(regression: Dataset | Evidence | None, new: Dataset | Evidence | None) -> Iterator[str]:
    if regression is None:
        yield _WRITTEN
    if new is None:
        yield _NO_NEW_LABELS


def _labels(live: JudgedVersion, candidate: JudgedVersion) -> Check:
    lost = tuple(label for label in live.profile.labels if label not in candidate.profile.labels)
    return Check(
        name="labels",
        evidence="files",
        status=Status.FAILED if lost else Status.PASSED,
        told=f"lost: {', '.join(lost)}" if lost else "all of live's",
        cases=lost,
    )


def _judged(evidence: Evidence, live: JudgedVersion, candidate: JudgedVersion) -> Judged:
    messages = admit(evidence.rows)
    decided = [
        decide_all(version, messages, title=f"ask about {evidence.name}") for version in (live, candidate)
    ]
    labels = live.profile.labels
    return Judged(
        evidence.name, evidence.rows, decided[0], _in_order_of(labels, candidate, decided[1]), labels
    )


def _in_order_of(labels: tuple[str, ...], version: JudgedVersion, decided: Decided) -> Decided:
    """Number the labels as live does; one that live doesn't have becomes "none of them" and its column is dropped."""
    own = version.profile.labels
    number = np.array(
        [labels.index(label) if label in labels else -1 for label in own] + [-1], dtype=np.int64
    )
    columns = [
        decided.diagnosis[:, own.index(label)] if label in own else np.zeros(len(decided.diagnosis))
        for label in labels
    ]
    return replace(decided, label=number[decided.label], diagnosis=np.stack(columns, axis=1))


def _critical(live: JudgedVersion, candidate: JudgedVersion, limits: Limits) -> Iterator[Check]:
    suite = presentations()
    messages = admit(rows_of(suite))
    decided = [
        decide_all(version, messages, title="ask about the critical suite") for version in (live, candidate)
    ]
    yield from critical_checks(suite, decided[0], decided[1], limits)


def _named(version: JudgedVersion) -> VersionJudged:
    return VersionJudged(
        name=version.profile.name, version=version.profile.version, files_sha256=sha256_of(version.folder)
    )
