"""How well it answers real visits whose words it was never shown, beside those whose words stand in written rows."""

from collections.abc import Sequence
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from trainer.data.rows import URGENCY_LEVELS, Row, labelled
from trainer.data.splits import cluster
from trainer.data.words import plain
from trainer.evaluation.budget import Budget
from trainer.evaluation.evidence import Evidence, sampled
from trainer.evaluation.intervals import BOOTSTRAP, SEED
from trainer.evaluation.sections import Cell, Section, Table, left_out
from trainer.evaluation.service import Service
from trainer.evaluation.version import JudgedVersion
from trainer.metrics import (
    Figure,
    bootstrap,
    flagged_non_urgent,
    quadratic_weighted_kappa,
    sensitivity_urgent,
    urgent_auroc,
)
from trainer.pipeline import WRITTEN

__all__ = ["seen_words", "stand_in"]

_KEY, _TITLE = "seen_words", "Real visits by whether their words were seen in training"
_URGENT = 2
_COLUMNS = (
    "test set",
    "words",
    "n",
    "levels 1-2",
    "QWK",
    "AUROC of P(level 1-2)",
    "found: most probable",
    "found: published",
    "flagged: published",
    "found: rules on top",
    "flagged: rules on top",
)


def stand_in(rows: Sequence[Row], written: Sequence[Row]) -> NDArray[np.bool_]:
    """Say for each of `rows` [k] whether its whole text is that of a row of `written`; case and spaces are ignored."""
    texts = {plain(row.text) for row in written}
    return np.array([plain(row.text) in texts for row in rows], dtype=np.bool_)


def seen_words(version: JudgedVersion, evidence: Evidence, budget: Budget) -> list[Section]:
    """Return one section: each real test set with levels, parted by whether a written training row has the text."""
    written = [row for row in evidence.train if row.source in WRITTEN]
    real = {name: _real(rows, budget) for name, rows in evidence.test_sets.items()}
    real = {name: rows for name, rows in real.items() if rows}
    if not written or not real:
        lacking = (
            "no written row in training" if not written else "no real visit with a level in the test sets"
        )
        return [left_out(_KEY, _TITLE, lacking)]
    service = Service()
    lines = [line for name, rows in real.items() for line in _lines(version, service, name, rows, written)]
    return [
        Section(
            key=_KEY,
            title=_TITLE,
            method="Seen: the whole text is, word for word, that of a written training row (levels and vital signs are "
            "not the visit's own). Found: levels 1-2 answered as 1 or 2. Flagged: levels 3-5 answered as 1 or 2. "
            "Published: the most urgent plausible level; rules on top: with identifiers removed and the floors of red "
            "flags and vital signs, which is what leaves the system.",
            n=sum(len(rows) for rows in real.values()),
            seed=SEED,
            interval=BOOTSTRAP,
            tables=(Table("Urgency", _COLUMNS, tuple(lines)),),
        )
    ]


def _real(rows: Sequence[Row], budget: Budget) -> list[Row]:
    real = [row for row in sampled(rows, budget.rows_per_test_set, SEED) if row.source not in WRITTEN]
    return labelled(real, "urgency")[0]


def _lines(
    version: JudgedVersion, service: Service, name: str, rows: Sequence[Row], written: Sequence[Row]
) -> list[tuple[Cell, ...]]:
    truth = labelled(rows, "urgency")[1]
    readings = version.read(rows, title=f"words of {name}")
    ruled = service.read(version, rows, title=f"words of {name}, rules on top").published
    seen, clusters = stand_in(rows, written), cluster(rows)
    lines: list[tuple[Cell, ...]] = []
    for words, chosen in (("unseen", ~seen), ("seen", seen), ("all", np.ones_like(seen))):
        if not chosen.any():
            continue
        groups = list(compress(clusters.tolist(), chosen))
        found = [
            _found(truth[chosen], answer[chosen], groups)
            for answer in (readings.level, readings.published, ruled)
        ]
        lines.append(
            (
                name,
                words,
                int(chosen.sum()),
                int((truth[chosen] < _URGENT).sum()),
                found[0]["qwk"],
                _area(readings.urgency[chosen], truth[chosen], groups),
                found[0]["found"],
                *(figures[column] for figures in found[1:] for column in ("found", "flagged")),
            )
        )
    return lines


def _found(
    truth: NDArray[np.int64], answer: NDArray[np.int64], groups: Sequence[int]
) -> dict[str, Figure | None]:
    statistics = {"qwk": quadratic_weighted_kappa}
    if (truth < _URGENT).any():
        statistics["found"] = sensitivity_urgent
    if (truth >= _URGENT).any():
        statistics["flagged"] = flagged_non_urgent
    figures = bootstrap(truth, answer, groups, statistics, classes=len(URGENCY_LEVELS), seed=SEED)
    return {column: figures.get(column) for column in ("qwk", "found", "flagged")}


def _area(p: NDArray[np.float64], truth: NDArray[np.int64], groups: Sequence[int]) -> Figure | None:
    urgent = truth < _URGENT
    return urgent_auroc(p, truth, groups, seed=SEED) if urgent.any() and not urgent.all() else None
