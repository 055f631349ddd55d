"""One table for all systems: each test set, each task, the model beside its baselines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from trainer.baselines import BagOfWords, majority
from trainer.calibrate import most_urgent_plausible, probabilities
from trainer.data.rows import DIAGNOSIS_LABELS, NORMAL, URGENCY_LEVELS, Row, labelled
from trainer.data.splits import cluster
from trainer.metrics import (
    Figure,
    Matrices,
    bootstrap,
    expected_calibration_error,
    macro_f1,
    others_called_sick,
    over_triage,
    quadratic_weighted_kappa,
    recall_of,
    sensitivity_urgent,
    sick_as_normal,
    under_triage,
    urgent_auroc,
)
from trainer.served import Answers

__all__ = ["Calibrated", "Result", "baseline_results", "model_results", "table"]

_URGENCY = {
    "qwk": quadratic_weighted_kappa,
    "macro_f1": macro_f1,
    "sensitivity_1_2": sensitivity_urgent,
    "under_triage": under_triage,
    "over_triage": over_triage,
}
_SEED = 20_190_914


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What turns logits into decisions: fitted before a test set is read."""

    diagnosis_temperature: float
    urgency_temperature: float
    urgency_plausible_from: float


@dataclass(frozen=True, slots=True)
class Result:
    """The figures of one system on one test set and task."""

    test_set: str
    task: str
    system: str
    n: int
    figures: dict[str, Figure]
    calibration_error: float | None = None


def model_results(
    name: str, test_set: str, rows: Sequence[Row], answers: Answers, calibrated: Calibrated
) -> list[Result]:
    """Score `answers` to `rows`: the most probable label and level, and the most urgent plausible level."""
    results = []
    for task, logits, temperature in (
        ("diagnosis", answers.diagnosis_logits, calibrated.diagnosis_temperature),
        ("urgency", answers.urgency_logits, calibrated.urgency_temperature),
    ):
        known, truth = labelled(rows, task)
        if not known:
            continue
        chosen = {id(row) for row in known}
        groups = _groups(known)
        p = probabilities(logits[[id(row) in chosen for row in rows]], temperature)
        results.append(_result(test_set, task, name, groups, truth, p.argmax(axis=1), p))
        if task == "urgency":
            plausible = most_urgent_plausible(p, calibrated.urgency_plausible_from)
            results.append(
                _result(test_set, task, f"{name}, most urgent plausible", groups, truth, plausible)
            )
    return results


def baseline_results(test_set: str, train: Sequence[Row], rows: Sequence[Row]) -> list[Result]:
    """Score TF-IDF + logistic regression and the majority answer, both from the same training rows."""
    results = []
    for task in ("diagnosis", "urgency"):
        known, truth = labelled(rows, task)
        if not known or not labelled(train, task)[0]:
            continue
        groups = _groups(known)
        p = BagOfWords(train, task).probabilities(known, len(_names(task)))
        most = majority(train, task, len(known))
        results.append(
            _result(test_set, task, "TF-IDF + logistic regression", groups, truth, p.argmax(axis=1), p)
        )
        results.append(_result(test_set, task, "majority", groups, truth, most))
    return results


def _names(task: str) -> tuple[str, ...]:
    return DIAGNOSIS_LABELS if task == "diagnosis" else tuple(f"level_{level}" for level in URGENCY_LEVELS)


def _groups(rows: Sequence[Row]) -> list[str]:
    """The cluster of each row, found once for all that is judged on them."""
    return [str(number) for number in cluster(rows)]


def _result(
    test_set: str,
    task: str,
    system: str,
    groups: Sequence[str],
    truth: NDArray[np.int64],
    answer: NDArray[np.int64],
    p: NDArray[np.float64] | None = None,
) -> Result:
    names = _names(task)
    recalls = {f"recall_{name}": recall_of(i) for i, name in enumerate(names) if (truth == i).any()}
    statistics = {**(_diagnosis(truth) if task == "diagnosis" else _URGENCY), **recalls}
    figures = bootstrap(truth, answer, groups, statistics, classes=len(names), seed=_SEED)
    if p is None:
        return Result(test_set, task, system, len(truth), figures)
    if task == "urgency":
        figures["urgent_auroc"] = urgent_auroc(p, truth, groups, seed=_SEED)
    return Result(test_set, task, system, len(truth), figures, expected_calibration_error(p, truth))


def _diagnosis(truth: NDArray[np.int64]) -> dict[str, Callable[[Matrices], NDArray[np.float64]]]:
    """Return what can be told of these rows: nobody is missed where nobody is sick."""
    statistics: dict[str, Callable[[Matrices], NDArray[np.float64]]] = {"macro_f1": macro_f1}
    if (truth != NORMAL).any():
        statistics["sick_as_normal"] = sick_as_normal
    if (truth == NORMAL).any():
        statistics["others_called_sick"] = others_called_sick
    return statistics


def table(results: Sequence[Result], task: str) -> Table:
    """Render one task's results for the terminal."""
    of_task = [result for result in results if result.task == task]
    names = list(dict.fromkeys(name for result in of_task for name in result.figures))
    shown = Table(
        "test set", "system", "n", *names, "ECE", title=f"{task} (95 % intervals by cluster bootstrap)"
    )
    for result in of_task:
        error = "" if result.calibration_error is None else f"{result.calibration_error:.3f}"
        cells = [str(result.figures.get(name, "-")) for name in names]
        shown.add_row(result.test_set, result.system, str(result.n), *cells, error)
    return shown
