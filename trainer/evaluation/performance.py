"""How well it answers: the model beside every rival on every test set, with intervals."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure as Canvas
from numpy.typing import NDArray

from trainer.data.rows import DIAGNOSIS_LABELS, URGENCY_LEVELS, Row, labelled
from trainer.data.splits import cluster
from trainer.evaluation.budget import Budget
from trainer.evaluation.evidence import Evidence, sampled
from trainer.evaluation.intervals import BOOTSTRAP, SEED, WILSON, share
from trainer.evaluation.label_words import PATTERNS, by_patterns
from trainer.evaluation.rivals import RIVALS, FrozenEmbeddings, FrozenEncoder, News2Alone, Rival, news2_level
from trainer.evaluation.sections import Cell, Plot, Section, Table, drawn
from trainer.evaluation.version import JudgedVersion
from trainer.metrics import (
    Figure,
    Matrices,
    bootstrap,
    flagged_non_urgent,
    macro_f1,
    over_triage,
    quadratic_weighted_kappa,
    sensitivity_urgent,
    under_triage,
    urgent_auroc,
)

__all__ = ["Answered", "performance", "two_level_under_triage"]

MODEL = "model"
_URGENT = 2
_NAMES = {"diagnosis": DIAGNOSIS_LABELS, "urgency": tuple(f"level {level}" for level in URGENCY_LEVELS)}


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """The labelled rows [k] of one test set, and the clusters that are found among them, for all systems."""

    test_set: str
    rows: Sequence[Row]
    truth: NDArray[np.int64]
    clusters: Sequence[int]


@dataclass(frozen=True, slots=True)
class Answered:
    """One system's answers [k] to what was asked, and its probabilities [k, c] if it has some."""

    asked: Asked
    system: str
    answer: NDArray[np.int64]
    p: NDArray[np.float64] | None = None

    @property
    def truth(self) -> NDArray[np.int64]:
        """The right answers [k]."""
        return self.asked.truth


def two_level_under_triage(matrix: Matrices) -> NDArray[np.float64]:
    """Share of all rows that were answered at least two levels less urgent than they are."""
    return np.asarray(np.triu(matrix, 2).sum(axis=(-2, -1)) / matrix.sum(axis=(-2, -1)))


def performance(version: JudgedVersion, evidence: Evidence, budget: Budget) -> list[Section]:
    """Return one section a task that any test set has labels for."""
    test_sets = {
        name: sampled(rows, budget.rows_per_test_set, SEED) for name, rows in evidence.test_sets.items()
    }
    train = sampled(evidence.train, budget.training_rows, SEED)
    frozen = FrozenEncoder(version.bundle.windower)
    sections = []
    for task, make in (("diagnosis", _diagnosis), ("urgency", _urgency)):
        judged = {name: labelled(rows, task) for name, rows in test_sets.items()}
        asked = [
            Asked(name, rows, truth, cluster(rows).tolist()) for name, (rows, truth) in judged.items() if rows
        ]
        if asked:
            answers = [*_model(version, task, asked), *_rivals(frozen, task, train, asked)]
            answers.sort(key=lambda answered: asked.index(answered.asked))
            sections.append(make(answers, len(train)))
    return sections


def _model(version: JudgedVersion, task: str, asked: Sequence[Asked]) -> Iterator[Answered]:
    for one in asked:
        readings = version.read(one.rows, title=f"{task} of {one.test_set}")
        if task == "diagnosis":
            yield Answered(one, MODEL, readings.label, readings.diagnosis)
        else:
            yield Answered(one, MODEL, readings.level, readings.urgency)
            yield Answered(one, f"{MODEL}, as published", readings.published)


def _rivals(
    frozen: FrozenEncoder, task: str, train: Sequence[Row], asked: Sequence[Asked]
) -> Iterator[Answered]:
    if not labelled(train, task)[0]:
        return
    fitted: dict[str, Rival] = {
        name: make(train, task)
        for name, make in RIVALS.items()
        if not (make is News2Alone and task == "diagnosis")
    }
    fitted["kNN, frozen embeddings"] = FrozenEmbeddings(train, task, frozen)
    for one in asked:
        for system, rival in fitted.items():
            p = rival.probabilities(one.rows, len(_NAMES[task]))
            yield Answered(one, system, p.argmax(axis=1), p)
        if task == "urgency":
            yield Answered(one, "NEWS2 alone, response thresholds", news2_level(one.rows))
        elif (answer := by_patterns(one.rows)) is not None:
            yield Answered(one, PATTERNS, answer)


def _diagnosis(answers: Sequence[Answered], training_rows: int) -> Section:
    overall = Table(
        "Whole",
        ("test set", "system", "n", "macro-F1", "accuracy", "sick answered as normal"),
        tuple(
            (
                *_who(given),
                *_figures(given, "diagnosis", (macro_f1,)),
                share(given.answer == given.truth),
                share(given.answer == 0, given.truth != 0),
            )
            for given in answers
        ),
    )
    return _section("diagnosis", "Diagnosis", answers, (overall,), training_rows)


def _urgency(answers: Sequence[Answered], training_rows: int) -> Section:
    columns = ("QWK", "macro-F1", "under-triage", "by two levels or more", "over-triage")
    statistics = (quadratic_weighted_kappa, macro_f1, under_triage, two_level_under_triage, over_triage)
    overall = Table(
        "Whole",
        ("test set", "system", "n", *columns),
        tuple((*_who(given), *_figures(given, "urgency", statistics)) for given in answers),
    )
    safety = Table(
        "Levels 1-2, rules' floors not applied",
        ("test set", "system", "n", "sensitivity", "levels 3-5 flagged", "AUROC of P(level 1-2)"),
        tuple(
            (
                *_who(given),
                *_found_and_flagged(given),
                _area(given),
            )
            for given in answers
        ),
    )
    return _section("urgency", "Urgency", answers, (overall, safety), training_rows)


def _section(
    task: str, title: str, answers: Sequence[Answered], tables: tuple[Table, ...], training_rows: int
) -> Section:
    mine = [given for given in answers if given.system == MODEL]
    by_patterns_too = any(given.system == PATTERNS for given in answers)
    told = (
        "; the patterns that labelled a source, put to its texts, learned nothing" if by_patterns_too else ""
    )
    return Section(
        key=task,
        title=title,
        method="The most probable answer; the model's published level is the most urgent plausible one. Every rival "
        f"learned from the same {training_rows} training rows, with settings that were never tuned{told}. "
        "Macro-F1 is over the classes that the test set has.",
        n=sum(len(given.truth) for given in mine),
        seed=SEED,
        interval=f"Macro-F1, QWK, triage shares, all of levels 1-2: {BOOTSTRAP}. All other shares: {WILSON}.",
        tables=(
            *tables,
            _per_class(
                "Recall",
                task,
                answers,
                _recall,
            ),
            _per_class(
                "Precision",
                task,
                answers,
                _precision,
            ),
            *(_confusion(task, given) for given in mine),
        ),
        plots=tuple(_heat_map(task, given) for given in mine),
    )


def _recall(given: Answered, index: int) -> Figure:
    return share(given.answer == index, given.truth == index)


def _precision(given: Answered, index: int) -> Figure:
    return share(given.truth == index, given.answer == index)


def _who(given: Answered) -> tuple[Cell, ...]:
    return given.asked.test_set, given.system, len(given.truth)


def _figures(
    given: Answered, task: str, statistics: Sequence[Callable[[Matrices], NDArray[np.float64]]]
) -> tuple[Figure, ...]:
    numbered = {str(number): statistic for number, statistic in enumerate(statistics)}
    figures = bootstrap(
        given.truth, given.answer, given.asked.clusters, numbered, classes=len(_NAMES[task]), seed=SEED
    )
    return tuple(figures[number] for number in numbered)


def _found_and_flagged(given: Answered) -> tuple[Figure | None, Figure | None]:
    urgent = given.truth < _URGENT
    found = _figures(given, "urgency", (sensitivity_urgent,)) if urgent.any() else (None,)
    flagged = _figures(given, "urgency", (flagged_non_urgent,)) if not urgent.all() else (None,)
    return *found, *flagged


def _area(given: Answered) -> Figure | None:
    urgent = given.truth < _URGENT
    if given.p is None or urgent.all() or not urgent.any():
        return None
    return urgent_auroc(given.p, given.truth, given.asked.clusters, seed=SEED)


def _per_class(
    title: str, task: str, answers: Sequence[Answered], figure: Callable[[Answered, int], Figure]
) -> Table:
    names = _NAMES[task]
    rows = tuple(
        (
            *_who(given),
            *(figure(given, index) if (given.truth == index).any() else None for index in range(len(names))),
        )
        for given in answers
    )
    return Table(f"{title} per class", ("test set", "system", "n", *names), rows)


def _matrix(task: str, given: Answered) -> NDArray[np.int64]:
    matrix = np.zeros((len(_NAMES[task]),) * 2, dtype=np.int64)
    np.add.at(matrix, (given.truth, given.answer), 1)
    return matrix


def _confusion(task: str, given: Answered) -> Table:
    names, matrix = _NAMES[task], _matrix(task, given)
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (name, *line.tolist()) for name, line in zip(names, matrix, strict=True)
    )
    return Table(f"Confusion on {given.asked.test_set}: truth by row", ("truth", *names), rows)


def _heat_map(task: str, given: Answered) -> Plot:
    matrix = _matrix(task, given)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    canvas = Canvas(figsize=(4.6, 4.0), layout="constrained")
    axes = canvas.subplots()
    axes.imshow(shares, vmin=0, vmax=1, cmap="Blues")
    ticks = range(len(_NAMES[task]))
    axes.set_xticks(ticks, _NAMES[task], rotation=40, ha="right")
    axes.set_yticks(ticks, _NAMES[task])
    axes.set(xlabel="answer", ylabel="truth")
    for (line, column), count in np.ndenumerate(matrix):
        colour = "white" if shares[line, column] > 0.5 else "black"
        axes.text(column, line, str(count), ha="center", va="center", color=colour, fontsize=8)
    return drawn(f"{task}: {given.asked.test_set}", canvas)
