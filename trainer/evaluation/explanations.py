"""Are its reasons reasons? The served attribution beside occlusion, Shapley values and integrated gradients."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.metrics import auc

from trainer.data.rows import Row
from trainer.data.splits import cluster
from trainer.evaluation.attribution import METHODS, TASKS, Explainer, Words, served_shares
from trainer.evaluation.budget import Budget
from trainer.evaluation.counterfactuals import counterfactuals
from trainer.evaluation.evidence import Evidence
from trainer.evaluation.float_copy import NotCopied, float_copy, shuffled
from trainer.evaluation.intervals import BOOTSTRAP, SEED, resampled
from trainer.evaluation.sections import Cell, Section, Table, left_out
from trainer.evaluation.version import JudgedVersion
from trainer.metrics import Figure
from trainer.served import ServedGraph

__all__ = ["deletion_and_insertion", "explanations"]

_STEPS = 5
_LEAST_WAY = 0.5
"""What all words together must move a score by (logits), to divide by it."""
_WORDS = (4, 40)
_RANDOM = "random order"


@dataclass(frozen=True, slots=True)
class _Explained:
    """One row's shares by task and method, each [w], and the number of its cluster."""

    words: Words
    cluster: int
    shares: Mapping[str, Mapping[str, NDArray[np.float64]]]


def explanations(version: JudgedVersion, evidence: Evidence, budget: Budget) -> list[Section]:
    """Return how attributions agree, what they predict, whether they hang on the weights; and interventions."""
    return [_attributions(version, evidence, budget), counterfactuals(version, evidence, budget)]


def _attributions(version: JudgedVersion, evidence: Evidence, budget: Budget) -> Section:
    key, title = "explanations", "Explanations"
    # Many rows are two-word complaints, where every method agrees: draw more, keep those with words to rank.
    rows = [row for row in evidence.mixed(budget.explained_rows * 8, SEED) if _explainable(version, row)]
    rows = [rows[at] for at in np.random.default_rng(SEED).permutation(len(rows))[: budget.explained_rows]]
    if not rows:
        return left_out(key, title, f"no row has {_WORDS[0]} to {_WORDS[1]} words and fits one window")
    notes = []
    try:
        copy = float_copy(version.folder / "model.onnx")
    except NotCopied as error:
        copy = None
        notes.append(f"Integrated gradients left out: {error}.")
    explainer = Explainer(version, copy, orders=budget.shapley_orders, seed=SEED)
    if copy is not None:
        notes.append(
            "Integrated gradients are of a float copy of the served weights, whose scores differ from the graph's by "
            f"{explainer.largest_difference(rows):.3f} at most on these rows."
        )
    explained = [
        _Explained(words, number, explainer.explain(words))
        for words, number in zip(map(Words.of, rows), cluster(rows).tolist(), strict=True)
    ]
    notes.append(
        f"Left out of deletion and insertion, as all words together move the score by less than {_LEAST_WAY}: "
        + ", ".join(
            f"{_hardly_moved(explainer, explained, task)} rows ({TASKS[task]})" for task in range(len(TASKS))
        )
        + "."
    )
    return Section(
        key=key,
        title=title,
        method=f"{len(rows)} test rows of {_WORDS[0]} to {_WORDS[1]} words. The served attribution is each token's "
        "exact share of the final sum; the others say what happens to the answer when words go. Scores: the winning "
        "label's logit, and the urgency score. Occlusion takes a word out, Shapley values are sampled over "
        f"{budget.shapley_orders} orders of putting words in (captum, both asking the served graph), integrated "
        "gradients go from padding to the words in 16 steps (captum). Deletion takes words out from the largest share "
        "down, insertion puts them in, in fifths; the figure is the area under the score, as a share of its way from "
        "no words to all. Good attributions fall fast (low deletion) and rise fast (high insertion).",
        n=len(rows),
        seed=SEED,
        interval=BOOTSTRAP,
        tables=(
            Table("Rank correlation with the served attribution", ("method", *TASKS), _agreement(explained)),
            Table(
                "Deletion and insertion",
                ("method", *(f"{what}, {task}" for task in TASKS for what in ("deletion", "insertion"))),
                _faithfulness(explainer, explained),
            ),
            Table(
                "Sanity: rank correlation with the attribution of shuffled weights (near 0 is good)",
                ("shuffled", *TASKS),
                _sanity(version, explained),
            ),
        ),
        notes=tuple(notes),
    )


def _explainable(version: JudgedVersion, row: Row) -> bool:
    return _WORDS[0] <= len(Words.of(row).spans) <= _WORDS[1] and len(version.windows([row])[0]) == 1


def _over_rows(explained: Sequence[_Explained], values: Sequence[float]) -> Figure:
    per_row = np.asarray(values, dtype=float)
    return resampled(
        lambda at: float(np.nanmean(per_row[at])) if np.isfinite(per_row[at]).any() else float("nan"),
        [one.cluster for one in explained],
        seed=SEED,
    )


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    flat = np.ptp(one) == 0.0 or np.ptp(other) == 0.0
    return float("nan") if flat else float(spearmanr(one, other).statistic)


def _agreement(explained: Sequence[_Explained]) -> tuple[tuple[Cell, ...], ...]:
    served, *others = _methods(explained)
    return tuple(
        (
            method,
            *(
                _over_rows(
                    explained,
                    [_correlation(one.shares[task][served], one.shares[task][method]) for one in explained],
                )
                for task in TASKS
            ),
        )
        for method in others
    )


def _methods(explained: Sequence[_Explained]) -> list[str]:
    return [method for method in METHODS if method in explained[0].shares[TASKS[0]]]


def _faithfulness(explainer: Explainer, explained: Sequence[_Explained]) -> tuple[tuple[Cell, ...], ...]:
    rng = np.random.default_rng(SEED)
    cells = []
    for method in (*_methods(explained), _RANDOM):
        line: list[Cell] = [method]
        for number, task in enumerate(TASKS):
            areas = []
            for one in explained:
                shares = rng.random(len(one.words.spans)) if method == _RANDOM else one.shares[task][method]
                areas.append(deletion_and_insertion(explainer, one.words, shares, number))
            line += [_over_rows(explained, [area[which] for area in areas]) for which in (0, 1)]
        cells.append(tuple(line))
    return tuple(cells)


def deletion_and_insertion(
    explainer: Explainer, words: Words, shares: NDArray[np.float64], task: int
) -> tuple[float, float]:
    """Return the areas under the score while words go and come from the largest share [w] down.

    NaN where all words together move it by less than half a logit.

    A score that words lower is turned round, so that 1 is the whole text and 0 no word.
    """
    count = len(words.spans)
    rank = np.argsort(np.argsort(-shares, kind="stable"))
    taken = np.round(np.linspace(0, count, _STEPS + 1))[:, None]
    gone, come = rank[None, :] >= taken, rank[None, :] < taken
    scores = explainer.scores(words, np.concatenate([gone, come]))[:, task]
    whole, none = scores[0], scores[_STEPS]
    if abs(whole - none) < _LEAST_WAY:
        return float("nan"), float("nan")
    way = (scores - none) / (whole - none)
    at = taken[:, 0] / count
    return float(auc(at, way[: _STEPS + 1])), float(auc(at, way[_STEPS + 1 :]))


def _hardly_moved(explainer: Explainer, explained: Sequence[_Explained], task: int) -> int:
    flat = 0
    for one in explained:
        every = np.ones((1, len(one.words.spans)), dtype=bool)
        whole, none = explainer.scores(one.words, np.concatenate([every, ~every]))[:, task]
        flat += abs(whole - none) < _LEAST_WAY
    return flat


def _sanity(version: JudgedVersion, explained: Sequence[_Explained]) -> tuple[tuple[Cell, ...], ...]:
    cells: list[tuple[Cell, ...]] = []
    with TemporaryDirectory() as scratch:
        for title, only_last in (("last encoder layer", True), ("all encoder layers", False)):
            path = Path(scratch) / "model.onnx"
            try:
                shuffled(version.folder / "model.onnx", path, seed=SEED, only_last_layer=only_last)
            except NotCopied:
                return ()
            graph = ServedGraph(
                path, version.bundle.windower, workers=version.workers, served_by=version.server_code
            )
            after = [served_shares(version, graph, one.words) for one in explained]
            cells.append(
                (
                    title,
                    *(
                        _over_rows(
                            explained,
                            [
                                _correlation(one.shares[task][METHODS[0]], other[task])
                                for one, other in zip(explained, after, strict=True)
                            ],
                        )
                        for task in TASKS
                    ),
                )
            )
    return tuple(cells)
