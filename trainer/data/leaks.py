"""What a model could learn from a dataset instead of medicine.

Four traps are looked for: words that give a label away (its own name, or what was put in the place of a masked name);
a style that tells the source, where sources have different labels; near-duplicates on both sides of a split; and vital
signs whose absence tells the urgency.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray
from scipy.stats import hypergeom
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from trainer.data.dataset import Dataset
from trainer.data.missing import Uneven, unevenly_measured
from trainer.data.rows import DIAGNOSIS_LABELS, Row, labelled
from trainer.data.splits import cluster
from trainer.data.words import TERM

__all__ = ["LeakReport", "Suspect", "find_leaks", "leaks_among", "told_leaks"]

_TOLD_FROM_SHARE, _FAILS_FROM_SHARE = 0.1, 0.3
"""Of a label's rows. An illness has words of its own: of the written corpus' diabetes 20 % say "sugars"."""
_FAILS_FROM_SOURCE_SHARE = 0.5
_GIVES_AWAY_FROM_PRECISION = 0.97
_BY_CHANCE_UP_TO = 0.01
_WORDS_TOLD = 3
_OWN_NAME_UP_TO_SHARE = 0.2
_LEAST_ROWS = 20
_MASKS = re.compile(r"\[[a-z_ ]{3,20}\]|<[a-z_ ]{3,20}>|_{3,}|\bx{3,}\b", re.IGNORECASE)
_MASKED_UP_TO_SHARE = 0.01
_CHINESE_NAMES = {
    "normal": "正常",
    "hypertension": "高血压",
    "diabetes": "糖尿病",
    "heart_disease": "心脏病",
    "cancer": "癌症",
}
_FOLDS = 5
_SEED = 20_191_005


@dataclass(frozen=True, slots=True)
class Suspect:
    """`words` stand in `share` of the rows of `label` in `source`, and hardly anywhere else in it.

    `precision`: of all rows that have them this share carries the label; the smaller of it as counted, and of what it
    would be were there as many rows of the label as of the others.
    """

    source: str
    label: str
    words: str
    share: float
    precision: float


@dataclass(frozen=True, slots=True)
class LeakReport:
    """`failures` are what has to be mended; the rest is to be known.

    `suspects` from a share of 0.3 on are among the failures; below, they may be the words of an illness.
    `source_accuracy`: of a classifier that tells the source from the text (TF-IDF + logistic regression, validated
    across clusters), beside `source_majority`, the share of the largest source. `label_by_source`: how often the source
    alone says the diagnosis. The closer both are to 1, the more a model can answer by style. None where fewer
    than two sources have 20 rows, or where one is a single cluster.
    `uneven`: vital signs that are measured more often in the urgent, or in the others.
    """

    suspects: tuple[Suspect, ...]
    failures: tuple[str, ...]
    source_accuracy: float | None
    source_majority: float | None
    label_by_source: float | None
    uneven: tuple[Uneven, ...] = ()


def find_leaks(dataset: Dataset) -> LeakReport:
    """Look for all of them; takes seconds for some thousand rows."""
    return leaks_among(dataset.rows, dataset.parts, recorded=dataset.clusters)


def leaks_among(
    all_rows: Sequence[Row], parts: Sequence[str], *, recorded: NDArray[np.int64] | None = None
) -> LeakReport:
    """Do so in rows whose splits `parts` names; `recorded` [k]: the clusters that they were dealt out by."""
    rows, labels = labelled(all_rows, "diagnosis")
    names = [DIAGNOSIS_LABELS[index] for index in labels]
    suspects: list[Suspect] = []
    failures: list[str] = []
    # Each source by itself: others would dilute what it gives away.
    for source in sorted({row.source for row in rows}):
        of_source = [(row, name) for row, name in zip(rows, names, strict=True) if row.source == source]
        own_rows, own_names = [row for row, _ in of_source], [name for _, name in of_source]
        found = [
            Suspect(source, *one) for one in _words_that_give_away(own_rows, own_names, _TOLD_FROM_SHARE)
        ]
        suspects += found
        failures += [
            f"{source}: {suspect.words!r} stands in {suspect.share:.0%} of {suspect.label} and nearly nowhere else"
            for suspect in found
            if suspect.share >= _FAILS_FROM_SHARE
        ]
        failures += [f"{source}: {told}" for told in _own_names(own_rows, own_names)]
    found_now = cluster(all_rows)
    failures += [
        *_marks_of_sources(all_rows),
        *_masks(all_rows),
        *_crossings(parts, {"as recorded": recorded, "found now": found_now}),
    ]
    accuracy, majority = _source_accuracy(all_rows, found_now if recorded is None else recorded)
    return LeakReport(
        tuple(suspects),
        tuple(failures),
        accuracy,
        majority,
        _label_by_source(rows, names) if majority else None,
        tuple(unevenly_measured(all_rows)),
    )


def told_leaks(report: LeakReport) -> tuple[str, ...]:
    """Return what a reader has to know of it, the failures first."""
    told = list(report.failures)
    if report.source_accuracy is not None:
        told.append(
            f"The text tells the source in {report.source_accuracy:.1%} of the rows (the largest source has "
            f"{report.source_majority:.1%}); the source alone tells {report.label_by_source or 0:.1%} of the "
            "diagnoses."
        )
    told += _told_suspects([one for one in report.suspects if one.share < _FAILS_FROM_SHARE])
    told += [
        f"{uneven.source}: {uneven.field} is measured in {uneven.urgent:.0%} of levels 1-2, in "
        f"{uneven.others:.0%} of levels 3-5: its absence tells the urgency."
        for uneven in report.uneven
    ]
    return tuple(told)


def _told_suspects(suspects: Sequence[Suspect]) -> Iterator[str]:
    for (source, label), some in groupby(suspects, key=attrgetter("source", "label")):
        of_label = list(some)
        yield (
            f"{source}: nearly nowhere but in {label} stand {_listed((one.words, one.share) for one in of_label)}: "
            "the words of an illness, or what somebody put in. Look."
        )


def _listed(found: Iterable[tuple[str, float]]) -> str:
    ordered = sorted(found, key=lambda one: -one[1])
    more = f" and {len(ordered) - _WORDS_TOLD} more" if len(ordered) > _WORDS_TOLD else ""
    return ", ".join(f"{words!r} ({share:.0%})" for words, share in ordered[:_WORDS_TOLD]) + more


def _words_that_give_away(
    rows: Sequence[Row], names: Sequence[str], from_share: float
) -> Iterator[tuple[str, str, float, float]]:
    """Yield the name, the words, their share and their precision."""
    counter = CountVectorizer(
        binary=True, token_pattern=TERM, ngram_range=(1, 2), min_df=max(2, _LEAST_ROWS // 4)
    )
    try:
        present = counter.fit_transform([row.text for row in rows])
    except ValueError:  # no word stands in that many rows
        return
    vocabulary = counter.get_feature_names_out()
    having = np.asarray(present.sum(axis=0)).ravel()
    for name, count in Counter(names).items():
        others = len(rows) - count
        if count < _LEAST_ROWS or not others:
            continue
        inside = np.asarray(present[np.array([one == name for one in names])].sum(axis=0)).ravel()
        share, elsewhere = inside / count, (having - inside) / others
        # As counted, a word of everybody's would give away whatever has nearly all rows.
        precision = np.minimum(inside / having, share / (share + elsewhere))
        by_chance = hypergeom.sf(inside - 1, len(rows), having, count) * len(vocabulary)
        found = (share >= from_share) & (precision >= _GIVES_AWAY_FROM_PRECISION)
        for number in np.flatnonzero(found & (by_chance <= _BY_CHANCE_UP_TO)):
            yield name, str(vocabulary[number]), float(share[number]), float(precision[number])


def _marks_of_sources(rows: Sequence[Row]) -> Iterator[str]:
    """Each language by itself, with the rows that name none: that a language tells a source is no mark of it."""
    marks: dict[str, dict[str, float]] = {}
    languages: list[str | None] = [*sorted({row.language for row in rows if row.language})]
    for language in languages or [None]:
        spoken = [row for row in rows if row.language in (language, None)]
        sources = [row.source for row in spoken]
        for source, words, share, _ in _words_that_give_away(spoken, sources, _FAILS_FROM_SOURCE_SHARE):
            marks.setdefault(source, {})[words] = share
    for source, of_source in sorted(marks.items()):
        yield f"{source}: nearly no other source has {_listed(of_source.items())}, which tell it"


def _own_names(rows: Sequence[Row], names: Sequence[str]) -> Iterator[str]:
    """A patient may name the disease; where a fifth of a label's rows do, the model reads labels, not symptoms."""
    for label, count in Counter(names).items():
        pattern = re.compile(rf"\b{label.replace('_', ' ')}\b|{_CHINESE_NAMES[label]}", re.IGNORECASE)
        naming = sum(
            bool(pattern.search(row.text)) for row, name in zip(rows, names, strict=True) if name == label
        )
        if naming > _OWN_NAME_UP_TO_SHARE * count:
            yield f"{naming} of the {count} rows of {label} name it"


def _masks(rows: Sequence[Row]) -> Iterator[str]:
    masked = sum(bool(_MASKS.search(row.text)) for row in rows)
    if masked > _MASKED_UP_TO_SHARE * len(rows):
        yield f"{masked} rows hold a mask (such as [NAME] or ___): what was masked can tell the label"


def _crossings(parts: Sequence[str], ways: Mapping[str, NDArray[np.int64] | None]) -> Iterator[str]:
    """Near-duplicates are looked for anew: what the dataset says of itself is what is checked."""
    for name, clusters in ways.items():
        sides: dict[int, set[str]] = {}
        for number, part in () if clusters is None else zip(clusters.tolist(), parts, strict=True):
            sides.setdefault(number, set()).add(part)
        if crossing := sum(len(where) > 1 for where in sides.values()):
            yield f"{crossing} clusters of near-duplicates ({name}) cross a split"


def _source_accuracy(rows: Sequence[Row], clusters: NDArray[np.int64]) -> tuple[float | None, float | None]:
    sources = [row.source for row in rows]
    counts = Counter(sources)
    large = [source for source, count in counts.items() if count >= _LEAST_ROWS]
    if len(large) < 2 or len(set(clusters.tolist())) < _FOLDS:
        return None, None
    folds = list(GroupKFold(n_splits=_FOLDS).split(sources, groups=clusters))
    if any(len({sources[at] for at in learned}) < 2 for learned, _ in folds):  # a source is one cluster
        return None, None
    classifier = make_pipeline(
        TfidfVectorizer(token_pattern=TERM, ngram_range=(1, 2), min_df=2, sublinear_tf=True),
        LogisticRegression(max_iter=1000, class_weight="balanced", random_state=_SEED),
    )
    said = cross_val_predict(classifier, [row.text for row in rows], sources, cv=folds)
    return float(np.mean(said == np.array(sources))), max(counts.values()) / len(sources)


def _label_by_source(rows: Sequence[Row], names: Sequence[str]) -> float | None:
    if not rows:
        return None
    by_source: dict[str, Counter[str]] = {}
    for row, name in zip(rows, names, strict=True):
        by_source.setdefault(row.source, Counter())[name] += 1
    return sum(max(counts.values()) for counts in by_source.values()) / len(rows)
