"""Does a probability mean what it says? Expected calibration error beyond what chance alone shows.

The error of a perfectly calibrated model is not 0 on few rows. It is drawn here from the model's own probabilities
(consistency resampling: Broecker and Smith, Weather and Forecasting 22, 2007) and taken off.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from trainer.gate.judging import Judged
from trainer.gate.limits import Limits
from trainer.gate.report import Check, Status
from trainer.metrics import expected_calibration_error

__all__ = ["calibration_checks", "excess_error"]

_SEED = 20_241_018
_DRAWS = 200


def calibration_checks(judged: Judged, limits: Limits) -> Iterator[Check]:
    """Yield one check a task that rows are labelled for."""
    for task, truth in (("urgency", judged.urgency), ("diagnosis", judged.diagnosis)):
        known = (truth >= 0) & judged.live.assessable & judged.candidate.assessable
        if known.any():
            live, candidate = (getattr(decided, task)[known] for decided in (judged.live, judged.candidate))
            yield _check(f"{task} calibration error", judged.name, live, candidate, truth[known], limits)


def _check(
    name: str,
    evidence: str,
    live: NDArray[np.float64],
    candidate: NDArray[np.float64],
    truth: NDArray[np.int64],
    limits: Limits,
) -> Check:
    (before, _), (now, spread) = (excess_error(p, truth) for p in (live, candidate))
    allowed = max(limits.calibration_error, before + limits.calibration_worsening)
    if now <= allowed:
        status, told = Status.PASSED, f"{now:.3f} beyond chance, {allowed:.3f} allowed"
    elif now - spread > allowed:
        status, told = Status.FAILED, f"{now:.3f} beyond chance, {now - allowed:.3f} more than allowed"
    else:
        status = Status.UNDERPOWERED
        told = f"cannot tell: {now:.3f} beyond chance, {allowed:.3f} allowed, chance gives {spread:.3f} more or less"
    return Check(
        name=name,
        evidence=evidence,
        status=status,
        told=told,
        n=len(truth),
        live=before,
        candidate=now,
        worse_by=now - before,
        bound=now,
        limit=allowed,
    )


def excess_error(p: NDArray[np.float64], truth: NDArray[np.int64]) -> tuple[float, float]:
    """Return the error of `p` [k, c] less the mean error by chance, and how far 95 % of chance lies above its mean."""
    rng = np.random.default_rng(_SEED)
    cumulative = p.cumsum(axis=1) / p.sum(axis=1, keepdims=True)
    by_chance = [
        expected_calibration_error(p, (rng.random((len(p), 1)) > cumulative).sum(axis=1))
        for _ in range(_DRAWS)
    ]
    usual = float(np.mean(by_chance))
    return expected_calibration_error(p, truth) - usual, float(np.percentile(by_chance, 95)) - usual
