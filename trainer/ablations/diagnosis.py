"""Diagnosis on text from elsewhere: logistic regression on frozen embeddings."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from sklearn.linear_model import LogisticRegression

from trainer.ablations.embedded import Embedded, embedded, joined
from trainer.ablations.urgency import SEED, STORIES
from trainer.data import corpus, medquad, symptom2disease
from trainer.data.rows import DIAGNOSIS_LABELS, NORMAL, labelled
from trainer.metrics import macro_f1

__all__ = ["DiagnosisFigures", "unseen_sources"]

_ITERATIONS = 1000


@dataclass(frozen=True, slots=True)
class DiagnosisFigures:
    """`macro_f1` over the labels that the source has; shares of the sick called normal, of the others called sick."""

    COLUMNS: ClassVar = ("macro-F1", "sick missed as normal", "others called sick")
    macro_f1: float
    missed: float
    false_alarms: float


def unseen_sources(data: Path, cache: Path) -> Iterator[tuple[str, str, DiagnosisFigures]]:
    """Yield (trained on, judged on, figures) for every pair in which the judging source is new."""
    stories = embedded(corpus.load(STORIES, SEED), cache)
    s2d, articles = (embedded(source.load(data), cache) for source in (symptom2disease, medquad))
    for name, train, judged in (
        ("written stories", stories, s2d),
        ("written stories", stories, articles),
        ("symptom2disease", s2d, articles),
        ("stories, symptom2disease", joined([stories, s2d]), articles),
    ):
        yield name, judged.rows[0].source, _figures(train, judged)


def _figures(train: Embedded, judged: Embedded) -> DiagnosisFigures:
    model = LogisticRegression(class_weight="balanced", max_iter=_ITERATIONS, C=0.1)
    model.fit(train.text, labelled(train.rows, "diagnosis")[1])
    truth, answer = labelled(judged.rows, "diagnosis")[1], model.predict(judged.text)
    matrix = np.zeros((len(DIAGNOSIS_LABELS),) * 2)
    np.add.at(matrix, (truth, answer), 1.0)
    sick = truth != NORMAL
    return DiagnosisFigures(
        float(macro_f1(matrix)),
        float((answer[sick] == NORMAL).mean()),
        float((answer[~sick] != NORMAL).mean()),
    )
