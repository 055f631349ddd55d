"""Finds a labeller who labels unlike all others: confident learning and agreement, each tested against the others.

Confident learning (Northcutt, Jiang, Chuang: JAIR 70, 2021; cleanlab): a model that learned from the *other* labellers
says how probable each given label is. Cases differ in how clear they are, so what is compared is not that probability
itself, but how far it falls short of what an honest label would have on the same case.
Agreement: how often a labeller's word differs from what most others say of the same message.

An honest labeller errs, too; named is who errs more than the others, beyond chance and by more than a set share.

Does not cover: errors that most labellers share, nor several who agree to label wrongly.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from cleanlab.filter import find_label_issues
from numpy.typing import NDArray
from scipy.stats import fisher_exact, ttest_ind
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from trainer.evaluation import JudgedVersion
from trainer.gate.limits import Limits
from trainer.gate.opinions import Opinion
from trainer.gate.report import Check, LabellerFound, Status

__all__ = ["features_of", "find_labellers", "labellers_check"]

TASKS = ("diagnosis", "urgency")
_COMPONENTS, _FOLDS, _STRENGTH = 32, 10, 0.1
_FEWEST_OF_A_CLASS = 5
_NOBODY_ELSE = float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class _Words:
    """Opinions on one task: `label` [k] as indices, `who` and `message` [k], `p` [k, c] as the others would say."""

    label: NDArray[np.int64]
    who: NDArray[np.str_]
    message: NDArray[np.str_]
    p: NDArray[np.float64]


def labellers_check(found: Sequence[LabellerFound]) -> Check:
    """Block the round where anybody is named."""
    named = [one for one in found if one.named]
    told = "; ".join(
        f"{one.labeller}: about {100 * one.excess:.0f} % more wrong {one.task} labels than others"
        for one in named
    )
    return Check(
        name="labellers",
        evidence="labels",
        status=Status.FAILED if named else Status.PASSED,
        told=told or f"none of {len({one.labeller for one in found})} labels unlike the others",
        n=sum(one.labels for one in found),
        cases=tuple(sorted({one.labeller for one in named})),
    )


def features_of(opinions: Sequence[Opinion], version: JudgedVersion) -> NDArray[np.float64]:
    """Return what `version` reads in each opinion's message [k, f]; every message is asked about once."""
    first = {opinion.message: opinion.row for opinion in opinions}
    answers = version.graph.ask(list(first.values()), title="read the labelled messages")
    features = np.hstack([answers.embedding, answers.diagnosis_logits, answers.urgency_logits]).astype(float)
    place = {message: number for number, message in enumerate(first)}
    return np.asarray(features[[place[opinion.message] for opinion in opinions]])


def find_labellers(
    opinions: Sequence[Opinion], features: NDArray[np.float64], limits: Limits
) -> list[LabellerFound]:
    """Judge every labeller with enough labels beside the others, task by task."""
    judged = {task: _words(opinions, features, task) for task in TASKS}
    pairs = [
        (task, words, str(name))
        for task, words in judged.items()
        if words is not None
        for name, count in sorted(Counter(words.who.tolist()).items())
        if limits.fewest_labels <= count < len(words.who)
    ]
    suspects = {
        task: find_label_issues(words.label, words.p, n_jobs=1)
        for task, words in judged.items()
        if words is not None
    }
    against = {task: _against_most(words) for task, words in judged.items() if words is not None}
    return [
        _found(name, task, words, suspects[task], against[task], len(pairs), limits)
        for task, words, name in pairs
    ]


def _words(opinions: Sequence[Opinion], features: NDArray[np.float64], task: str) -> _Words | None:
    """Return the opinions on `task`; None where nothing can be learned: one labeller, or one class."""
    given = [o.row.diagnosis if task == "diagnosis" else o.row.urgency_level for o in opinions]
    often = {
        label for label, count in Counter(given).items() if count >= _FEWEST_OF_A_CLASS and label is not None
    }
    known = np.array([label in often for label in given])
    if not known.any():
        return None
    label = np.unique(
        [str(value) for value, is_known in zip(given, known, strict=True) if is_known], return_inverse=True
    )[1]
    who, message = (
        np.array([getattr(o, field) for o, is_known in zip(opinions, known, strict=True) if is_known])
        for field in ("labeller", "message")
    )
    names = len(set(who.tolist()))
    if names < 2 or len(often) < 2:
        return None
    p = _as_others_say(features[known], label, who, min(_FOLDS, names))
    return _Words(label.astype(np.int64), who, message, p)


def _as_others_say(
    features: NDArray[np.float64], label: NDArray[np.int64], who: NDArray[np.str_], folds: int
) -> NDArray[np.float64]:
    """Return P(label) [k, c] by models that never saw a label of the same labeller."""
    components = min(_COMPONENTS, *features.shape)
    small = PCA(components, random_state=0).fit_transform(StandardScaler().fit_transform(features))
    learner = make_pipeline(StandardScaler(), LogisticRegression(C=_STRENGTH, max_iter=300))
    p = np.asarray(
        cross_val_predict(learner, small, label, groups=who, cv=GroupKFold(folds), method="predict_proba")
    )
    p = np.maximum(p, 1e-6)
    return np.asarray(p / p.sum(axis=1, keepdims=True))


def _against_most(words: _Words) -> NDArray[np.float64]:
    """Return whether each opinion differs from what most others say of its message [k]; NaN where nobody does."""
    by_message: dict[str, list[int]] = defaultdict(list)
    for number, message in enumerate(words.message.tolist()):
        by_message[message].append(number)
    differs = np.full(len(words.label), _NOBODY_ELSE)
    for members in by_message.values():
        for number in members:
            others = Counter(
                int(words.label[other]) for other in members if words.who[other] != words.who[number]
            )
            top = others.most_common(2)
            if top and (len(top) == 1 or top[0][1] > top[1][1]):
                differs[number] = float(top[0][0] != words.label[number])
    return differs


def _found(
    name: str,
    task: str,
    words: _Words,
    suspect: NDArray[np.bool_],
    differs: NDArray[np.float64],
    comparisons: int,
    limits: Limits,
) -> LabellerFound:
    own = words.who == name
    honest = (words.p**2).sum(axis=1)
    shortfall = honest - words.p[np.arange(len(words.label)), words.label]
    by_confidence = float(
        ttest_ind(shortfall[own], shortfall[~own], equal_var=False, alternative="greater").pvalue
    )
    shared, shared_of_others = (differs[side & ~np.isnan(differs)] for side in (own, ~own))
    wrong, wrong_of_others = int(shared.sum()), int(shared_of_others.sum())
    by_agreement = (
        float(
            fisher_exact(
                [[wrong, len(shared) - wrong], [wrong_of_others, len(shared_of_others) - wrong_of_others]],
                alternative="greater",
            )[1]
        )
        if len(shared) and len(shared_of_others)
        else 1.0
    )
    # two tests for each labeller and task
    p = min(1.0, 2 * comparisons * min(by_confidence, by_agreement))
    # what a label drawn from the other classes would fall short by, beyond an honest one
    flipped = honest - (1 - honest) / (words.p.shape[1] - 1)
    excess = float((shortfall[own].mean() - shortfall[~own].mean()) / max(flipped[own].mean(), 1e-6))
    if by_agreement < by_confidence and len(shared):
        excess = float(shared.mean() - shared_of_others.mean())
    return LabellerFound(
        labeller=name,
        task=task,
        labels=int(own.sum()),
        suspect_share=float(suspect[own].mean()),
        suspect_share_of_others=float(suspect[~own].mean()),
        shared=len(shared),
        disagreement=float(shared.mean()) if len(shared) else None,
        disagreement_of_others=float(shared_of_others.mean()) if len(shared_of_others) else None,
        excess=excess,
        p=p,
        named=p < limits.labeller_level and excess >= limits.labeller_excess,
    )
