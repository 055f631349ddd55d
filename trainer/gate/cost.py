"""What a version costs beside the live one: processor time, bytes on disk; and whether its files are whole."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from scipy.stats import bootstrap

from trainer.bundle import FILES, sha256_of
from trainer.data.rows import Row
from trainer.evaluation import JudgedVersion
from trainer.gate.limits import Limits
from trainer.gate.report import Check, Status

__all__ = ["cost_checks", "whole_files"]

_SEED = 20_241_019
_EVIDENCE = "files"


def whole_files(candidate: JudgedVersion) -> Check:
    """Say whether the files are those that the candidate's own card was written for: a known model, or none."""
    wanted, found = candidate.card.get("files_sha256"), sha256_of(candidate.folder)
    if wanted is None:
        return _whole(Status.FAILED, "no model card with the digests of its files")
    changed = tuple(name for name in FILES if wanted.get(name) != found[name])
    if changed:
        return _whole(Status.FAILED, f"changed since the card was written: {', '.join(changed)}", changed)
    return _whole(Status.PASSED, "as on the card")


def _whole(status: Status, told: str, cases: tuple[str, ...] = ()) -> Check:
    return Check(name="files", evidence=_EVIDENCE, status=status, told=told, cases=cases)


def cost_checks(
    live: JudgedVersion, candidate: JudgedVersion, rows: Sequence[Row], limits: Limits
) -> Iterator[Check]:
    """Time both on the same messages by turns; compare the size of their files."""
    sample = list(rows)[:: max(1, len(rows) // limits.latency_messages)][: limits.latency_messages]
    milliseconds = np.array([_timed(live, candidate, row, turn) for turn, row in enumerate(sample)])
    logs = np.log(milliseconds[:, 1] / milliseconds[:, 0])
    interval = bootstrap(
        (logs,),
        np.median,
        confidence_level=1 - 2 * limits.level,
        n_resamples=1000,
        method="percentile",
        rng=np.random.default_rng(_SEED),
    ).confidence_interval
    ratio, most = float(np.exp(np.median(logs))), float(np.exp(interval.high))
    before, now = (float(value) for value in np.median(milliseconds, axis=0))
    yield _budget("latency", "ms", before, now, ratio, most, limits.latency_ratio, len(sample))
    before, now = (_megabytes(version.folder) for version in (live, candidate))
    yield _budget("size", "MB", before, now, now / before, now / before, limits.size_ratio, 0)


def _timed(live: JudgedVersion, candidate: JudgedVersion, row: Row, turn: int) -> tuple[float, float]:
    """Return each version's milliseconds of processor time: a busy or paused machine doesn't count."""
    spent = {}
    for version in (live, candidate) if turn % 2 else (candidate, live):
        started_ns = time.thread_time_ns()
        for window in version.windows([row])[0]:
            version.graph.answer(window)
        spent[version] = (time.thread_time_ns() - started_ns) / 1e6
    return spent[live], spent[candidate]


def _megabytes(folder: Path) -> float:
    return sum((folder / name).stat().st_size for name in FILES) / 1e6


def _budget(
    name: str, unit: str, live: float, candidate: float, ratio: float, most: float, limit: float, n: int
) -> Check:
    passed = most <= limit
    told = f"{ratio:.2f} times live, at most {most:.2f}; {limit:.2f} allowed"
    return Check(
        name=name,
        evidence=_EVIDENCE,
        status=Status.PASSED if passed else Status.FAILED,
        told=told,
        unit=unit,
        n=n,
        live=live,
        candidate=candidate,
        worse_by=candidate - live,
        bound=most,
        limit=limit,
    )
