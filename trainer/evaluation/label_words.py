"""How much of a source's diagnoses the words say that its labels came from, and how the model does without them."""

from collections.abc import Callable, Mapping, Sequence
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from trainer.data import medquad
from trainer.data.rows import DIAGNOSIS_LABELS, NORMAL, Row, labelled
from trainer.data.splits import cluster
from trainer.evaluation.budget import Budget
from trainer.evaluation.evidence import Evidence, sampled
from trainer.evaluation.intervals import BOOTSTRAP, SEED
from trainer.evaluation.sections import Cell, Section, Table, left_out
from trainer.evaluation.version import JudgedVersion
from trainer.metrics import Figure, Matrices, bootstrap

__all__ = ["PATTERNS", "by_patterns", "label_words", "named"]

PATTERNS = "the patterns of its labels, on the text"
_KEY, _TITLE = "label_words", "Diagnoses by whether the text says what its label came from"
_LABELS_NAMED: Mapping[str, Callable[[str], Sequence[str]]] = {medquad.SOURCE: medquad.labels_named}
_COLUMNS = (
    "test set",
    "rows",
    "n",
    "model right",
    "model: normal",
    "patterns right",
    "patterns: normal",
)


def by_patterns(rows: Sequence[Row]) -> NDArray[np.int64] | None:
    """Answer `rows` [k] as their source's topics were labelled; None where no pattern labelled one of the sources."""
    if not all(row.source in _LABELS_NAMED for row in rows):
        return None
    said = [next(iter(_LABELS_NAMED[row.source](row.text)), "normal") for row in rows]
    return np.array([DIAGNOSIS_LABELS.index(label) for label in said], dtype=np.int64)


def named(row: Row) -> bool:
    """Say whether the text has the pattern of the row's label; of a normal one, that of any label."""
    labels = _LABELS_NAMED[row.source](row.text)
    return bool(labels) if row.diagnosis == "normal" else row.diagnosis in labels


def label_words(version: JudgedVersion, evidence: Evidence, budget: Budget) -> list[Section]:
    """Return one section: each test set whose labels came from patterns, parted by what these find in the text."""
    lines: list[tuple[Cell, ...]] = []
    n = 0
    for name, all_rows in evidence.test_sets.items():
        rows, truth = labelled(sampled(all_rows, budget.rows_per_test_set, SEED), "diagnosis")
        patterns = by_patterns(rows)
        if rows and patterns is not None:
            n += len(rows)
            model = version.read(rows, title=f"label words of {name}").label
            lines += [(name, *line) for line in _lines(rows, truth, model, patterns)]
    if not lines:
        return [left_out(_KEY, _TITLE, "no test set has labels that came from patterns")]
    return [
        Section(
            key=_KEY,
            title=_TITLE,
            method="The labels came from patterns on the topic of an article; here the same patterns are put to its "
            "text. Named: they find the row's own label there; of the normal, any label. Right: the most probable "
            "label is the row's. Normal: it is `normal`, which for the sick is a miss. Named rows can be answered by "
            "reading names.",
            n=n,
            seed=SEED,
            interval=BOOTSTRAP,
            tables=(Table("Diagnosis", _COLUMNS, tuple(lines)),),
        )
    ]


def _lines(
    rows: Sequence[Row], truth: NDArray[np.int64], model: NDArray[np.int64], patterns: NDArray[np.int64]
) -> list[tuple[Cell, ...]]:
    sick, says = truth != NORMAL, np.array([named(row) for row in rows])
    clusters = cluster(rows)
    lines: list[tuple[Cell, ...]] = []
    for title, chosen in (
        ("sick, not named", sick & ~says),
        ("sick, named", sick & says),
        ("normal, named", ~sick & says),
        ("normal, not named", ~sick & ~says),
    ):
        if chosen.any():
            groups = list(compress(clusters.tolist(), chosen))
            figures = [
                figure
                for answer in (model, patterns)
                for figure in _figures(truth[chosen], answer[chosen], groups)
            ]
            lines.append((title, int(chosen.sum()), *figures))
    return lines


def _figures(
    truth: NDArray[np.int64], answer: NDArray[np.int64], groups: Sequence[int]
) -> tuple[Figure, Figure]:
    statistics = {"right": _right, "normal": _normal}
    figures = bootstrap(truth, answer, groups, statistics, classes=len(DIAGNOSIS_LABELS), seed=SEED)
    return figures["right"], figures["normal"]


def _right(matrix: Matrices) -> NDArray[np.float64]:
    return np.asarray(np.trace(matrix, axis1=-2, axis2=-1) / matrix.sum(axis=(-2, -1)))


def _normal(matrix: Matrices) -> NDArray[np.float64]:
    return np.asarray(matrix[..., NORMAL].sum(axis=-1) / matrix.sum(axis=(-2, -1)))
