"""Does it treat people alike? Who they are is changed and the complaint kept; then recall is compared by subgroup."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from streams.domain.acuity import ADULT_FROM_YEARS
from streams.domain.floors import vital_sign_rules
from streams.text import VITALS_FIELDS, vital_signs
from trainer.corpus.noise import spell_for_region
from trainer.data.rows import Row
from trainer.evaluation.budget import Budget
from trainer.evaluation.evidence import Evidence, sampled
from trainer.evaluation.intervals import BOOTSTRAP, SEED, WILSON
from trainer.evaluation.naming import NAMES, Reader, naming
from trainer.evaluation.robustness import FLIP_COLUMNS, Change, flips
from trainer.evaluation.sections import Cell, Section, Table
from trainer.evaluation.service import Outgoing, Service
from trainer.evaluation.subgroups import subgroups
from trainer.evaluation.version import JudgedVersion, Readings

__all__ = ["bias", "swap_sex_words"]

_AGE, _SEX = VITALS_FIELDS.index("age_years"), VITALS_FIELDS.index("sex_female")
_PAIRS = (
    ("he", "she"), ("himself", "herself"), ("man", "woman"), ("male", "female"), ("boy", "girl"), ("mr", "ms"),
    ("husband", "wife"), ("father", "mother"), ("dad", "mum"), ("son", "daughter"), ("brother", "sister"),
    ("gentleman", "lady"), ("uncle", "aunt"), ("grandfather", "grandmother"), ("m", "f"), ("boyfriend", "girlfriend"),
)  # fmt: skip
_OTHER = {one: other for pair in _PAIRS for one, other in (pair, pair[::-1])} | {"his": "her", "him": "her"}
_SEX_WORD = re.compile(
    r"\b(?:" + "|".join(sorted({*_OTHER, "her", "hers", "mom"}, key=len)[::-1]) + r")\b", re.IGNORECASE
)
_OWN_TO_A_SEX = re.compile(
    r"pregnan|period|menstru|vagin|uter|ovar|cervi|prostat|testic|penis|scrot|erect|labou?r|gestat|postpartum|breast"
    r"|contracepti|menopaus|miscarr|foetal|fetal|baby",
    re.IGNORECASE,
)
_AGE_IN_TEXT = re.compile(r"\d+\s*-?\s*(?:years?|yrs?|yo|y/o|y)\b", re.IGNORECASE)
_PLAIN = "Hello doctor. {}"
_DIALECTS = {
    "Scottish greeting": "Awright doctor. {}",
    "Northern English greeting": "Ey up doctor. {}",
    "Southern US greeting": "Howdy doctor. {}",
    "Indian English greeting": "Respected doctor. {}",
    "Australian greeting": "G'day doctor. {}",
}
_AGES = (25.0, 45.0, 65.0, 85.0)


def swap_sex_words(text: str) -> str:
    """Change every word that names a sex into its counterpart; `her` becomes `his`, for it is mostly a possessive."""

    def other(found: re.Match[str]) -> str:
        word = found.group()
        swapped = {"her": "his", "hers": "his", "mom": "dad"}.get(word.lower()) or _OTHER[word.lower()]
        return swapped.upper() if word.isupper() else swapped.capitalize() if word[0].isupper() else swapped

    return _SEX_WORD.sub(other, text)


def bias(version: JudgedVersion, evidence: Evidence, budget: Budget) -> list[Section]:
    """Return flips by who is said to be ill, and gaps between subgroups."""
    rows = evidence.mixed(budget.varied_rows, SEED)
    service = Service()

    def alone(asked: Sequence[Row], title: str) -> Readings:
        return version.read(asked, title=title)

    def served(asked: Sequence[Row], title: str) -> Outgoing:
        return service.read(version, asked, title=title)

    by_reader: Mapping[str, Reader] = {"the model alone": alone, "as served": served}
    return [
        Section(
            key="bias",
            title="Who is ill",
            method=f"{len(rows)} test rows, every test set in like number, asked again with another person. Rows whose "
            "complaint belongs to one sex are left out where sex is swapped. Names and greetings are compared with "
            "another name or greeting, not with none. As served: names and other identifiers are replaced "
            "first, rules may raise the level, and a withheld label is an answer of its own. Ways of naming: "
            "each row with two names drawn for it; removed: no part of the name is left in either text. Goal: "
            "at most 1 % changed. Age: the field alone, in adults whose text names no age; neither NEWS2 nor "
            "the floors of this project know adult ages, so whatever changes is the model's own doing.",
            n=len(rows),
            seed=SEED,
            interval=WILSON,
            tables=(
                *(
                    Table(f"The answer should stay: {who}", ("change", *FLIP_COLUMNS), _swapped(read, rows))
                    for who, read in by_reader.items()
                ),
                naming(rows, service, alone, served),
                *(
                    Table(
                        f"Age of adults: {who}",
                        ("age", *FLIP_COLUMNS, "rules changed"),
                        tuple(_ages(read, rows)),
                    )
                    for who, read in by_reader.items()
                ),
            ),
        ),
        Section(
            key="subgroups",
            title="Recall by subgroup",
            method="All judged test rows. Sick: the right label of those with one of the four diseases; urgent: levels "
            "1-2 published as 1-2. A difference is the first group's recall less the second's, within one source, "
            "where both have at least 20 such rows; of many, some are large by chance. Groups with fewer are named.",
            n=sum(len(sampled(test, budget.rows_per_test_set, SEED)) for test in evidence.test_sets.values()),
            seed=SEED,
            interval=f"Differences: {BOOTSTRAP}. Shares: {WILSON}.",
            tables=subgroups(version, evidence, budget),
        ),
    ]


def _swapped(read: Reader, rows: Sequence[Row]) -> tuple[tuple[Cell, ...], ...]:
    return (
        *_sex(read, rows),
        *_told(read, rows, "named", NAMES, next(iter(NAMES.values()))),
        *_told(read, rows, "", _DIALECTS, _PLAIN),
        *_spelling(read, rows),
    )


def _sex(read: Reader, rows: Sequence[Row]) -> list[tuple[Cell, ...]]:
    before = read(rows, "as they are")
    either = [at for at, row in enumerate(rows) if not _OWN_TO_A_SEX.search(row.text)]

    def words(row: Row) -> Row:
        return replace(row, text=swap_sex_words(row.text))

    def field(row: Row) -> Row:
        return replace(row, vitals=_with(row.vitals, _SEX, 1.0 - row.vitals[_SEX]))

    changes: Mapping[str, Callable[[Row], Row]] = {
        "sex, in words": words,
        "sex, in the field": field,
        "sex, in both": lambda row: field(words(row)),
    }
    cells = []
    for title, change in changes.items():
        changed = [(at, change(rows[at])) for at in either]
        told = [(at, row) for at, row in changed if _differs(row, rows[at])]
        if told:
            after = read([row for _, row in told], title)
            cells.append((title, *flips(Change.between(before, after, [at for at, _ in told]))))
    return cells


def _differs(row: Row, other: Row) -> bool:
    return row.text != other.text or not np.array_equal(row.vitals, other.vitals, equal_nan=True)


def _told(
    read: Reader, rows: Sequence[Row], title: str, frames: Mapping[str, str], plain: str
) -> list[tuple[Cell, ...]]:
    def framed(frame: str) -> Readings | Outgoing:
        return read([replace(row, text=frame.format(row.text)) for row in rows], title or "greeted")

    usual = framed(plain)
    return [
        (f"{title} {name}".strip(), *flips(Change.between(usual, framed(frame))))
        for name, frame in frames.items()
        if frame != plain
    ]


def _spelling(read: Reader, rows: Sequence[Row]) -> list[tuple[Cell, ...]]:
    americans = [spell_for_region(row.text, british=False) for row in rows]
    britons = [spell_for_region(row.text, british=True) for row in rows]
    told = [at for at in range(len(rows)) if americans[at] != britons[at]]
    if not told:
        return []
    american, british = (
        read([replace(rows[at], text=texts[at]) for at in told], "spelling") for texts in (americans, britons)
    )
    return [("British for American spelling", *flips(Change.between(american, british)))]


def _ages(read: Reader, rows: Sequence[Row]) -> list[tuple[Cell, ...]]:
    adults = [
        at
        for at, row in enumerate(rows)
        if row.vitals[_AGE] >= ADULT_FROM_YEARS and not _AGE_IN_TEXT.search(row.text)
    ]
    if not adults:
        return []
    before = read(rows, "as they are")
    cells: list[tuple[Cell, ...]] = []
    for age in _AGES:
        aged = [replace(rows[at], vitals=_with(rows[at].vitals, _AGE, age)) for at in adults]
        after = read(aged, f"age {age:.0f}")
        changed = sum(_rules(row) != _rules(rows[at]) for at, row in zip(adults, aged, strict=True))
        cells.append((f"{age:.0f} years", *flips(Change.between(before, after, adults)), changed))
    return cells


def _rules(row: Row) -> list[str]:
    age = None if np.isnan(row.vitals[_AGE]) else float(row.vitals[_AGE])
    pregnant = bool(row.vitals[VITALS_FIELDS.index("pregnant")] == 1.0)
    return [rule.rule_id for rule in vital_sign_rules(vital_signs(row.vitals), age, pregnant)]


def _with(vitals: NDArray[np.float32], field: int, value: float) -> NDArray[np.float32]:
    changed = vitals.copy()
    changed[field] = value
    return changed
