"""Labels needed to reach a macro-F1, by how messages are chosen: `triage bench labelling`.

The packaged encoder stays as it is, so a step costs a logistic regression. Two pools: conditions of symptom2disease,
whose frequencies fall from 35 to 4 rows as in a real queue, and the visits of KTAS with their levels. Near-duplicates
never stand in pool and test both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.preprocessing import StandardScaler

from trainer.active.choose import Candidates, choose
from trainer.batches import encode
from trainer.continual.benchmark.figures import interval
from trainer.continual.benchmark.play import windower
from trainer.data import ktas, symptom2disease
from trainer.data.rows import Row, stack_vitals
from trainer.data.splits import cluster
from trainer.encoders import PACKAGED, load_encoder
from trainer.model import TriageBert
from trainer.probe import embed

__all__ = [
    "LabellingPlan",
    "Task",
    "fitted",
    "held_out",
    "judged",
    "labels_needed",
    "measure",
    "read_tasks",
    "thinned",
]

Way = Literal["random", "uncertainty", "uncertainty and diversity", "all"]
WAYS: tuple[Way, ...] = ("random", "uncertainty", "uncertainty and diversity", "all")
_TEST_SHARE, _FIRST, _STEP = 0.35, 24, 12
_MOST, _FEWEST = 35, 4
_URGENT_LEVEL = 2


@dataclass(frozen=True, slots=True)
class LabellingPlan:
    """`targets`: macro-F1 to reach, as shares of what the whole pool gives."""

    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    target: float = 0.95
    most_labels: int = 320


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """k rows: `features` [k, f], whose first `hidden` are the embedding; `truth` [k]; `clusters` [k].

    `is_uneven`: the pool is thinned out to uneven classes. `urgent_below`: classes below it are urgent.
    """

    name: str
    features: NDArray[np.float32]
    hidden: int
    truth: NDArray[np.int64]
    clusters: NDArray[np.int64]
    is_uneven: bool
    urgent_below: int


def read_tasks(data: Path) -> list[Task]:
    """Read and embed both pools. Raises BadData, FileNotFoundError."""
    conditions, visits = symptom2disease.load(data, of_label=str.lower), ktas.load(data)
    names = sorted({str(row.diagnosis) for row in conditions})
    described, complained = _embedded(conditions), _embedded(visits)
    vitals = StandardScaler().fit_transform(stack_vitals(visits))
    measured = np.nan_to_num(vitals).astype(np.float32)
    return [
        Task(
            "conditions", described, described.shape[1],
            np.array([names.index(str(row.diagnosis)) for row in conditions]), cluster(conditions), True, 0,
        ),
        Task(
            "levels", np.hstack([complained, measured, (~np.isnan(vitals)).astype(np.float32)]),
            complained.shape[1],
            np.array([row.urgency_index for row in visits]), cluster(visits), False, _URGENT_LEVEL,
        ),
    ]  # fmt: skip


def measure(plan: LabellingPlan, tasks: Sequence[Task], say: Callable[[str], None]) -> dict[str, Any]:
    """Return, for each task and way, how many labels it took (the most allowed where it was not reached)."""
    document: dict[str, Any] = {"target": plan.target, "seeds": plan.seeds}
    for task in tasks:
        needed: dict[str, list[int]] = {way: [] for way in WAYS}
        urgent: dict[str, list[float]] = {way: [] for way in WAYS}
        for seed in plan.seeds:
            for way in WAYS:
                labels, share = labels_needed(task, way, plan, seed=seed)
                needed[way].append(labels)
                urgent[way].append(share)
            say(f"{task.name}, seed {seed}: " + ", ".join(f"{way} {needed[way][-1]}" for way in WAYS))
        document[task.name] = {
            way: {
                "labels": interval(needed[way]),
                "share_of_random": float(np.mean(np.divide(needed[way], needed["random"]))),
                "urgent_among_chosen": interval(urgent[way]),
            }
            for way in WAYS
        }
    return document


def labels_needed(task: Task, way: Way, plan: LabellingPlan, *, seed: int) -> tuple[int, float]:
    """Return the labels until the target was reached, and the share of urgent rows among them."""
    rng = np.random.default_rng(seed)
    is_test = np.isin(task.clusters, held_out(task, rng))
    pool, test = thinned(task, np.flatnonzero(~is_test), rng), np.flatnonzero(is_test)
    goal = plan.target * judged(fitted(task, pool), task, test)
    chosen = rng.permutation(pool)[:_FIRST]
    while True:
        model = fitted(task, chosen)
        if len(chosen) >= min(plan.most_labels, len(pool)) or judged(model, task, test) >= goal:
            return len(chosen), float((task.truth[chosen] < task.urgent_below).mean())
        left = np.setdiff1d(pool, chosen)
        chosen = np.concatenate([chosen, _next(task, way, model, left, chosen, rng)])


def _next(
    task: Task,
    way: Way,
    model: LogisticRegression,
    left: NDArray[np.int64],
    chosen: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    if way == "random":
        return rng.permutation(left)[:_STEP]
    p = model.predict_proba(task.features[left])
    urgent = p[:, model.classes_ < task.urgent_below].sum(axis=1)
    candidates = Candidates(task.features[left, : task.hidden], p, urgent)
    looked_at = task.features[chosen, : task.hidden]
    return left[choose(candidates, _STEP, looked_at=looked_at, by=way)]


def _embedded(rows: Sequence[Row]) -> NDArray[np.float32]:
    model = TriageBert(load_encoder(PACKAGED).encoder)
    return embed(model, encode(rows, windower()), batch_size=32, title="embed").numpy()


def held_out(task: Task, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the clusters that are for the test."""
    clusters = rng.permutation(np.unique(task.clusters))
    sizes = np.bincount(task.clusters)[clusters].cumsum()
    return np.asarray(clusters[sizes <= _TEST_SHARE * len(task.truth)])


def thinned(task: Task, pool: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return fewer rows of some classes, so that frequencies fall evenly in the logarithm."""
    if not task.is_uneven:
        return pool
    classes = rng.permutation(np.unique(task.truth))
    sizes = np.geomspace(_MOST, _FEWEST, len(classes)).round().astype(int)
    of_class = [
        rng.permutation(pool[task.truth[pool] == one])[:size]
        for one, size in zip(classes, sizes, strict=True)
    ]
    return np.concatenate(of_class)


def fitted(task: Task, rows: NDArray[np.int64], truth: NDArray[np.int64] | None = None) -> LogisticRegression:
    """Fit on `rows`; `truth`, where it is not the task's own."""
    model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=300)
    return model.fit(task.features[rows], task.truth[rows] if truth is None else truth)


def judged(model: LogisticRegression, task: Task, rows: NDArray[np.int64]) -> float:
    """Return macro-F1 over the classes of `rows`."""
    truth = task.truth[rows]
    answer = model.predict(task.features[rows])
    return float(f1_score(truth, answer, labels=np.unique(truth), average="macro", zero_division=0))
