"""How well a variant answers, and how much worse than the whole model: paired, on the same rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.data.rows import DIAGNOSIS_LABELS, URGENCY_LEVELS, Row, labelled
from trainer.data.splits import cluster
from trainer.evaluation.intervals import SEED, resampled
from trainer.metrics import Figure, macro_f1, quadratic_weighted_kappa
from trainer.served import Answers

__all__ = ["Quality", "judge", "lost"]

_Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]
_FIGURES: dict[str, tuple[str, int, _Statistic]] = {
    "macro_f1": ("diagnosis", len(DIAGNOSIS_LABELS), macro_f1),
    "qwk": ("urgency", len(URGENCY_LEVELS), quadratic_weighted_kappa),
}


@dataclass(frozen=True, slots=True)
class Quality:
    """Macro-F1 of the most probable diagnosis and QWK of the most probable level; None: no row has the label."""

    macro_f1: Figure | None
    qwk: Figure | None


def judge(rows: Sequence[Row], answers: Answers) -> Quality:
    """Score `answers` to `rows`; intervals by resampling clusters."""
    return _quality(rows, [(1.0, answers)])


def lost(rows: Sequence[Row], answers: Answers, reference: Answers) -> Quality:
    """Return how much less than `reference` it is, positive where something is lost; both resampled together."""
    return _quality(rows, [(1.0, reference), (-1.0, answers)])


def _quality(rows: Sequence[Row], terms: Sequence[tuple[float, Answers]]) -> Quality:
    return Quality(*(_figure(rows, terms, *_FIGURES[name]) for name in ("macro_f1", "qwk")))


def _figure(
    rows: Sequence[Row],
    terms: Sequence[tuple[float, Answers]],
    task: str,
    classes: int,
    statistic: _Statistic,
) -> Figure | None:
    """The statistic's sum over `terms`, each with its sign."""
    known, truth = labelled(rows, task)
    if not known:
        return None
    ids = {id(row) for row in known}
    places = [place for place, row in enumerate(rows) if id(row) in ids]
    chosen = [(sign, getattr(answers, f"{task}_logits")[places].argmax(axis=1)) for sign, answers in terms]

    def total(drawn: NDArray[np.int64]) -> float:
        return sum(
            sign * float(statistic(_matrix(truth[drawn], label[drawn], classes))) for sign, label in chosen
        )

    return resampled(total, cluster(known).tolist(), seed=SEED)


def _matrix(truth: NDArray[np.int64], label: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """Truth by row, answer by column; numpy alone, as it is called hundreds of times."""
    counts = np.bincount(truth * classes + label, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(float)
