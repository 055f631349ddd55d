"""What pseudo-labels bring or cost: the same rows, with and without answers that the model is sure of.

As in the product: a probability calibrated on held-back labels, a threshold, one round; judged on other clusters.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from trainer import calibrate
from trainer.active.benchmark import Task, fitted, held_out, judged, thinned
from trainer.continual.benchmark.figures import interval

__all__ = ["measure_pseudo_labels"]

_LABELS = 120
_FOLDS = 3
_SURE_FROM = (0.8, 0.9, 0.95)


def measure_pseudo_labels(tasks: Sequence[Task], seeds: Sequence[int]) -> dict[str, Any]:
    """Return, for each task and threshold: macro-F1 gained (points), labels taken, share of them that are right."""
    document: dict[str, Any] = {}
    for task in tasks:
        trials = [_trial(task, seed) for seed in seeds]
        document[task.name] = {
            f"{sure_from:.2f}": {
                "gain": interval([trial[sure_from][0] for trial in trials]),
                "taken": float(np.mean([trial[sure_from][1] for trial in trials])),
                "right": float(np.mean([trial[sure_from][2] for trial in trials])),
            }
            for sure_from in _SURE_FROM
        }
    return document


def _trial(task: Task, seed: int) -> dict[float, tuple[float, int, float]]:
    rng = np.random.default_rng(seed)
    is_test = np.isin(task.clusters, held_out(task, rng))
    pool, test = rng.permutation(thinned(task, np.flatnonzero(~is_test), rng)), np.flatnonzero(is_test)
    known, unknown = pool[:_LABELS], pool[_LABELS:]
    model = fitted(task, known)
    before = judged(model, task, test)
    p = softmax(_logits(model, task.features[unknown]) / _temperature(task, known), axis=1)
    found: dict[float, tuple[float, int, float]] = {}
    for sure_from in _SURE_FROM:
        sure = p.max(axis=1) >= sure_from
        answer = model.classes_[p.argmax(axis=1)]
        rows = np.concatenate([known, unknown[sure]])
        learned = fitted(task, rows, np.concatenate([task.truth[known], answer[sure]]))
        right = float((answer == task.truth[unknown])[sure].mean()) if sure.any() else 1.0
        found[sure_from] = (100 * (judged(learned, task, test) - before), int(sure.sum()), right)
    return found


def _temperature(task: Task, known: NDArray[np.int64]) -> float:
    """Fit it on rows that each fold held back; classes with too few rows for folds take no part."""
    truth = task.truth[known]
    counts = np.bincount(truth)
    enough = counts[truth] >= _FOLDS
    rows, names = known[enough], np.unique(truth[enough])
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=300)
    logits = cross_val_predict(
        model, task.features[rows], truth[enough], cv=folds, method="decision_function"
    )
    return calibrate.fit_temperature(
        logits, np.searchsorted(names, truth[enough]), np.ones(int(enough.sum()))
    )


def _logits(model: LogisticRegression, features: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.asarray(model.decision_function(features))
