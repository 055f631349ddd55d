"""The rounds, from real data: conditions come in groups, hospitals and institutes come later, wording shifts.

Diagnoses here are 26 labels, not the product's five: the 24 conditions of symptom2disease, and cancer and heart
disease from MedQuAD, whose diabetes and hypertension are those of symptom2disease from another source. Every row is
real; the two kinds of shifted wording are made from real rows that no other round trains on. No cluster of
near-duplicates and no topic of MedQuAD stands on both sides of a test, in whatever round.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from trainer.corpus.noise import roughen
from trainer.data import ktas, medquad, symptom2disease
from trainer.data.rows import Row
from trainer.data.splits import Shares, cluster, split

__all__ = ["LABELS", "BenchRow", "Pool", "Round", "Test", "make_rounds", "read_pool"]

TEST_SHARE, _KEPT_FOR_SHIFTS = 0.3, 0.25
_GROUPS = (8, 4, 4, 4, 4)
_FIRST_GROUP = ("diabetes", "hypertension")
_FIRST_INSTITUTES = ("1_CancerGov_QA", "8_NHLBI_QA_XML", "5_NIDDK_QA")
_ANSWERS_ABOUT = ("symptoms", "information", "causes", "treatment")
_SMALL_WORDS = re.compile(
    r"\b(?:i|i'm|i've|my|me|am|is|are|was|were|be|been|have|has|had|the|a|an|and|of|to|it|its|that|this|there|also|"
    r"really|very|quite|so|feel|feeling|experiencing|started|which|with|for|in|on|at|as|by|from|or|but)\b",
    re.IGNORECASE,
)
_CONDITIONS: tuple[str, ...] = (
    "diabetes", "hypertension", "psoriasis", "varicose veins", "typhoid", "chicken pox", "impetigo", "dengue",
    "fungal infection", "common cold", "pneumonia", "dimorphic hemorrhoids",
    "arthritis", "acne", "bronchial asthma", "migraine",
    "cervical spondylosis", "jaundice", "malaria", "urinary tract infection",
    "allergy", "gastroesophageal reflux disease", "drug reaction", "peptic ulcer disease",
)  # fmt: skip
LABELS: tuple[str, ...] = (*_CONDITIONS, "cancer", "heart_disease")


class BenchRow(Row):
    """A row whose diagnosis is one of `LABELS`."""

    __slots__ = ()

    @property
    def diagnosis_index(self) -> int | None:
        """Position of the label among `LABELS`."""
        return None if self.diagnosis is None else LABELS.index(self.diagnosis)


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """All rows, and the cluster [k] of each."""

    rows: tuple[BenchRow, ...]
    clusters: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Test:
    """Rows of one task that stay the same from round to round."""

    name: str
    task: str
    rows: tuple[BenchRow, ...]


@dataclass(frozen=True, slots=True)
class Round:
    """`kind`: what is new in it. Each test is first learned here."""

    name: str
    kind: str
    rows: tuple[BenchRow, ...]
    tests: tuple[Test, ...]


def read_pool(data: Path) -> Pool:
    """Read everything below `data` that the rounds are made of. Raises BadData, FileNotFoundError."""
    rows = [
        *(_bench(row, row.source) for row in symptom2disease.load(data, of_label=str.lower)),
        *(
            _bench(row, f"ktas/{hospital}")
            for hospital, visits in ktas.load_by_hospital(data).items()
            for row in visits
        ),
        *(
            _bench(row, f"medquad/{institute}")
            for institute, answers in medquad.load_by_institute(data, _ANSWERS_ABOUT).items()
            for row in answers
            if row.diagnosis != "normal"
        ),
    ]
    return Pool(tuple(rows), cluster(rows))


def make_rounds(pool: Pool, *, seed: int) -> list[Round]:
    """Deal the rows out to rounds, to train and to test; the seed decides which."""
    sources = {row.source for row in pool.rows}
    dealt = split(
        pool.rows,
        {source: Shares(_KEPT_FOR_SHIFTS * (1 - TEST_SHARE), TEST_SHARE) for source in sources},
        seed=seed,
        clusters=pool.clusters,
    )
    parts = {"train": dealt.train, "kept": dealt.calibration, "test": dealt.test}
    deal = _Deal({name: [row for row in rows if isinstance(row, BenchRow)] for name, rows in parts.items()})
    groups = [_CONDITIONS[sum(_GROUPS[:n]) : sum(_GROUPS[: n + 1])] for n in range(len(_GROUPS))]
    first, later = _institutes(sources)
    random = Random(seed)

    def typed(text: str) -> str:
        return roughen(text, random, clinician=False)

    start = deal.round("conditions 1-8, hospital 1", "start", [deal.conditions(groups[0]), deal.visits("1")])
    return [
        start,
        deal.round("conditions 9-12", "new classes", [deal.conditions(groups[1])]),
        deal.round("institutes", "new classes and source", [deal.answers("institutes", first)]),
        deal.round("conditions 13-16", "new classes", [deal.conditions(groups[2])]),
        deal.round("roughly typed 1-8", "shifted wording", [deal.shifted("rough", groups[0], typed)]),
        deal.round("hospital 2", "new source", [deal.visits("2")]),
        deal.round("conditions 17-20", "new classes", [deal.conditions(groups[3])]),
        deal.round("other institutes", "new source", [deal.answers("other institutes", later)]),
        deal.round("shorthand 9-16", "shifted wording", [deal.shifted("short", groups[1] + groups[2], _short)]),
        deal.round("conditions 21-24", "new classes", [deal.conditions(groups[4])]),
        deal.round("roughly typed 9-16", "shifted wording", [deal.shifted("rough", groups[1] + groups[2], typed)]),
        deal.round("shorthand 17-24", "shifted wording", [deal.shifted("short", groups[3] + groups[4], _short)]),
    ]  # fmt: skip


_Part = tuple[str, str, list[BenchRow], list[BenchRow]]
"""Name, task, rows to train on, rows to test on."""


@dataclass(frozen=True, slots=True)
class _Deal:
    rows: Mapping[str, Sequence[BenchRow]]

    def round(self, name: str, kind: str, parts: Sequence[_Part]) -> Round:
        train = tuple(row for _, _, rows, _ in parts for row in rows)
        tests = tuple(Test(part, task, tuple(held_out)) for part, task, _, held_out in parts)
        return Round(name, kind, train, tests)

    def conditions(self, labels: Sequence[str]) -> _Part:
        return (f"conditions: {labels[0]}, ...", "diagnosis", *self._of(_among(labels), "train"))

    def visits(self, hospital: str) -> _Part:
        return (f"hospital {hospital}", "urgency", *self._of(_from({f"ktas/{hospital}"}), "train", "kept"))

    def answers(self, name: str, institutes: set[str]) -> _Part:
        return (name, "diagnosis", *self._of(_from(institutes), "train", "kept"))

    def shifted(self, name: str, labels: Sequence[str], shift: Callable[[str], str]) -> _Part:
        train, test = (
            [replace(row, text=shift(row.text)) for row in rows] for rows in self._of(_among(labels), "kept")
        )
        return (f"{name}: {labels[0]}, ...", "diagnosis", train, test)

    def _of(self, belongs: Callable[[BenchRow], bool], *parts: str) -> tuple[list[BenchRow], list[BenchRow]]:
        train = [row for part in parts for row in self.rows[part] if belongs(row)]
        return train, [row for row in self.rows["test"] if belongs(row)]


def _among(labels: Sequence[str]) -> Callable[[BenchRow], bool]:
    return lambda row: row.source == symptom2disease.SOURCE and row.diagnosis in labels


def _from(sources: set[str]) -> Callable[[BenchRow], bool]:
    return lambda row: row.source in sources


def _institutes(sources: set[str]) -> tuple[set[str], set[str]]:
    every = {source for source in sources if source.startswith("medquad/")}
    first = {f"medquad/{institute}" for institute in _FIRST_INSTITUTES}
    return every & first, every - first


def _short(text: str) -> str:
    """A triage nurse's shorthand: small words left out."""
    return " ".join(re.sub(r"[^\w\s]", " ", _SMALL_WORDS.sub(" ", text)).lower().split()) or text


def _bench(row: Row, source: str) -> BenchRow:
    return BenchRow(source, row.text, row.group, row.vitals, row.diagnosis, row.urgency_level, row.language)
