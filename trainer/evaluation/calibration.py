"""Are its probabilities true? The served temperature beside other ways, and what it costs to leave doubt to humans."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from matplotlib.figure import Figure as Canvas
from numpy.typing import NDArray
from sklearn.calibration import calibration_curve
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from trainer.calibrate import abstain_below, source_weights
from trainer.data.rows import DIAGNOSIS_LABELS, URGENCY_LEVELS, Row, labelled
from trainer.data.splits import cluster
from trainer.evaluation.budget import Budget
from trainer.evaluation.evidence import Evidence, sampled
from trainer.evaluation.intervals import BOOTSTRAP, SEED, WILSON, resampled, share
from trainer.evaluation.sections import Cell, Plot, Section, Table, drawn, left_out
from trainer.evaluation.version import JudgedVersion
from trainer.metrics import Figure, expected_calibration_error

__all__ = ["Dirichlet", "Isotonic", "area_under_risk_coverage", "calibration"]

_CLASSES = {"diagnosis": len(DIAGNOSIS_LABELS), "urgency": len(URGENCY_LEVELS)}
_WANTED_ACCURACY = 0.95
_FEWEST_ROWS = 20
_BINS = 10
_FLOOR = 1e-6


class _Calibrator(Protocol):
    def __call__(self, p: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return calibrated probabilities [k, c] of uncalibrated ones [k, c]."""
        ...


class Dirichlet:
    """Multinomial logistic regression on log-probabilities (Kull et al., NeurIPS 2019); default penalty."""

    def __init__(
        self, p: NDArray[np.float64], truth: NDArray[np.int64], weights: NDArray[np.float64]
    ) -> None:
        self._fitted = LogisticRegression(max_iter=1000).fit(np.log(p + _FLOOR), truth, sample_weight=weights)

    def __call__(self, p: NDArray[np.float64]) -> NDArray[np.float64]:
        """A class that the calibration rows lack gets probability 0."""
        calibrated = np.zeros_like(p)
        calibrated[:, self._fitted.classes_] = self._fitted.predict_proba(np.log(p + _FLOOR))
        return calibrated


class Isotonic:
    """One isotonic regression a class, normalised (Zadrozny and Elkan, KDD 2002)."""

    def __init__(
        self, p: NDArray[np.float64], truth: NDArray[np.int64], weights: NDArray[np.float64]
    ) -> None:
        self._fitted = [
            IsotonicRegression(y_min=_FLOOR, y_max=1.0, out_of_bounds="clip").fit(
                p[:, index], truth == index, sample_weight=weights
            )
            for index in range(p.shape[1])
        ]

    def __call__(self, p: NDArray[np.float64]) -> NDArray[np.float64]:
        """See above."""
        raised = np.stack([one.predict(p[:, index]) for index, one in enumerate(self._fitted)], axis=1)
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))


@dataclass(frozen=True, slots=True)
class _Judged:
    """`p` [k, c] by way of calibration, for the labelled rows of one test set; `clusters` [k] found among them."""

    test_set: str
    clusters: Sequence[int]
    truth: NDArray[np.int64]
    p: Mapping[str, NDArray[np.float64]]


_SERVED = "temperature (served)"


def calibration(version: JudgedVersion, evidence: Evidence, budget: Budget) -> list[Section]:
    """Return a section a task: fitted on calibration rows, judged on test rows."""
    return [_task(version, evidence, budget, task) for task in _CLASSES]


def _task(version: JudgedVersion, evidence: Evidence, budget: Budget, task: str) -> Section:
    key, title = f"calibration_{task}", f"Calibration of {task}"
    rows, truth = labelled(sampled(evidence.calibration, budget.training_rows, SEED), task)
    if len(rows) < _FEWEST_ROWS or len(np.unique(truth)) < 2:
        return left_out(key, title, f"{len(rows)} labelled calibration rows are too few to fit on")
    raw, served = _both(version, rows, task)
    weights = source_weights(rows)
    # Of mean 1: the penalty of a regression is against their sum.
    weights = weights / weights.mean()
    ways: dict[str, _Calibrator] = {
        "Dirichlet": Dirichlet(raw, truth, weights),
        "isotonic": Isotonic(raw, truth, weights),
    }
    judged = []
    for name, test_rows in evidence.test_sets.items():
        known, answers = labelled(sampled(test_rows, budget.rows_per_test_set, SEED), task)
        if known:
            raw_p, served_p = _both(version, known, task)
            p = {"none": raw_p, _SERVED: served_p, **{way: it(raw_p) for way, it in ways.items()}}
            judged.append(_Judged(name, cluster(known).tolist(), answers, p))
    if not judged:
        return left_out(key, title, "no test row is labelled")
    chosen = abstain_below(served, truth, weights, wanted_accuracy=_WANTED_ACCURACY)
    return _section(version, task, judged, len(rows), chosen)


def _section(
    version: JudgedVersion, task: str, judged: Sequence[_Judged], fitted_on: int, chosen: float
) -> Section:
    tables = [
        Table(
            "Error of the probabilities", ("test set", "calibration", "n", "ECE", "log loss"), _errors(judged)
        )
    ]
    thresholds = {"all answered": 0.0, "chosen here on calibration rows": chosen}
    if task == "diagnosis":
        thresholds["served"] = version.profile.thresholds.diagnosis_abstain_below
    tables.append(
        Table(
            "Risk and coverage, served probabilities",
            ("test set", "n", "AURC", "answers below", "threshold", "coverage", "right among the answered"),
            tuple(line for one in judged for line in _abstaining(one, thresholds)),
        )
    )
    return Section(
        key=f"calibration_{task}",
        title=f"Calibration of {task}",
        method=f"Dirichlet and isotonic were fitted on {fitted_on} calibration rows, each source counting alike, on "
        "the probabilities at temperature 1; the served temperature is the version's own. ECE: ten equal bins of the "
        "highest probability. AURC: mean error rate over all coverages, the most certain answered first (Geifman and "
        f"El-Yaniv, NeurIPS 2017). The threshold is the smallest with {_WANTED_ACCURACY:.0%} right answers on "
        "calibration rows."
        + (
            " Urgency is never withheld in service: its thresholds only show the trade."
            if task == "urgency"
            else ""
        ),
        n=sum(len(one.truth) for one in judged),
        seed=SEED,
        interval=f"ECE, log loss, AURC: {BOOTSTRAP}. Shares: {WILSON}.",
        tables=tuple(tables),
        plots=tuple(plot for one in judged for plot in (_reliability(task, one), _risk_coverage(task, one))),
    )


def _both(
    version: JudgedVersion, rows: Sequence[Row], task: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return probabilities [k, c] at temperature 1, and as served."""
    windows = version.windows(rows)
    answers = version.ask([window for parts in windows for window in parts], title=task)
    uncalibrated = version.profile.model_copy(
        update={"diagnosis_temperature": 1.0, "urgency_temperature": 1.0}
    )
    raw, served = (version.interpret(windows, answers, profile) for profile in (uncalibrated, None))
    return (raw.diagnosis, served.diagnosis) if task == "diagnosis" else (raw.urgency, served.urgency)


def _errors(judged: Sequence[_Judged]) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        (one.test_set, way, len(one.truth), _ece(one, p), _log_loss(one, p))
        for one in judged
        for way, p in one.p.items()
    )


def _ece(one: _Judged, p: NDArray[np.float64]) -> Figure:
    return resampled(lambda at: expected_calibration_error(p[at], one.truth[at]), one.clusters, seed=SEED)


def _log_loss(one: _Judged, p: NDArray[np.float64]) -> Figure:
    losses = -np.log(np.maximum(p[np.arange(len(p)), one.truth], _FLOOR))
    return resampled(lambda at: float(losses[at].mean()), one.clusters, seed=SEED)


def area_under_risk_coverage(confidence: NDArray[np.float64], hit: NDArray[np.bool_]) -> float:
    """Mean over coverages 1/k .. 1 of the error rate among the most confident [k]; 0 is best."""
    return float(_risks(confidence, hit).mean())


def _risks(confidence: NDArray[np.float64], hit: NDArray[np.bool_]) -> NDArray[np.float64]:
    wrong = ~hit[np.argsort(-confidence, kind="stable")]
    return np.asarray(wrong.cumsum() / np.arange(1, len(wrong) + 1))


def _abstaining(one: _Judged, thresholds: Mapping[str, float]) -> Iterator[tuple[Cell, ...]]:
    p = one.p[_SERVED]
    confidence, hit = p.max(axis=1), p.argmax(axis=1) == one.truth
    area = resampled(lambda at: area_under_risk_coverage(confidence[at], hit[at]), one.clusters, seed=SEED)
    for name, below in thresholds.items():
        given = confidence >= below
        yield one.test_set, len(hit), area, name, below, share(given), share(hit, given)


def _reliability(task: str, one: _Judged) -> Plot:
    canvas = Canvas(figsize=(4.2, 3.8), layout="constrained")
    axes = canvas.subplots()
    axes.plot((0, 1), (0, 1), color="grey", linewidth=0.8)
    for way, p in one.p.items():
        right, said = calibration_curve(p.argmax(axis=1) == one.truth, p.max(axis=1).clip(0, 1), n_bins=_BINS)
        axes.plot(said, right, marker="o", markersize=3, label=way)
    axes.set(xlabel="highest probability", ylabel="share right", xlim=(0, 1), ylim=(0, 1))
    axes.legend(fontsize=7)
    return drawn(f"{task}, reliability: {one.test_set}", canvas)


def _risk_coverage(task: str, one: _Judged) -> Plot:
    p = one.p[_SERVED]
    risks = _risks(p.max(axis=1), p.argmax(axis=1) == one.truth)
    canvas = Canvas(figsize=(4.2, 3.8), layout="constrained")
    axes = canvas.subplots()
    axes.plot(np.arange(1, len(risks) + 1) / len(risks), risks)
    axes.set(xlabel="coverage", ylabel="error rate among the answered", xlim=(0, 1), ylim=(0, 1))
    return drawn(f"{task}, risk and coverage: {one.test_set}", canvas)
