"""Who finds levels 1-2 as served, the model or the rules' floors, and what each costs among levels 3-5.

Does not cover: rules on doubtful vital signs as they were sent, texts that the model can't read, lanes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from schemas import RedFlag, RuleFired
from trainer.data.rows import URGENCY_LEVELS, Row, labelled
from trainer.data.splits import cluster
from trainer.evaluation.budget import Budget
from trainer.evaluation.evidence import Evidence, sampled
from trainer.evaluation.intervals import BOOTSTRAP, SEED
from trainer.evaluation.performance import two_level_under_triage
from trainer.evaluation.sections import Cell, Section, Table, left_out
from trainer.evaluation.seen_words import stand_in
from trainer.evaluation.service import Service
from trainer.evaluation.version import JudgedVersion, Readings
from trainer.metrics import Figure, bootstrap, flagged_non_urgent, over_triage, sensitivity_urgent
from trainer.pipeline import WRITTEN

__all__ = ["ANY_FLOOR", "FLOORS", "Decided", "floor_lines", "floor_of", "policy", "who_finds"]

_KEY, _TITLE = "policy", "Decision policy: the model, the rules' floors, and both"
_URGENT = 2
_THRESHOLDS = (0.02, 0.05, 0.08, 0.10, 0.12, 0.16, 0.18, 0.22, 0.27, 0.35, 0.50, 1.0)
_STATISTICS = {
    "found": sensitivity_urgent,
    "flagged": flagged_non_urgent,
    "two": two_level_under_triage,
    "over": over_triage,
}
_RED_FLAG, _MILD_RED_FLAG = "red flag in the text, level 1-2", "red flag in the text, level 3"
_OTHER = "other (danger limits of children and in pregnancy)"
_BY_RULE = {
    "consciousness": "consciousness",
    "news2_high": "NEWS2 of 7 or more",
    "news2_medium": "NEWS2 of 5 or 6",
    "news2_single_parameter": "a NEWS2 parameter of 3",
}
FLOORS = (_RED_FLAG, _MILD_RED_FLAG, *_BY_RULE.values(), _OTHER)
ANY_FLOOR = "any of them"
"""The line of all floors together; several may fire on one row, so that they don't add up to it."""

_WHO = (
    "test set",
    "words",
    "who decides",
    "n",
    "levels 1-2",
    "found",
    "flagged",
    "too mild by two levels or more",
    "too urgent",
)
_CURVE = ("plausible from", "found: model", "flagged: model", "found: with rules", "flagged: with rules")
_EACH = (
    "test set",
    "words",
    "floor",
    "sets level",
    "fires on",
    "of levels 1-2",
    "makes more urgent",
    "levels 1-2 that the model misses",
    "of these found",
    "levels 3-5 that the model does not flag",
    "of these flagged",
)

_NOTES = (
    "The floors are constants of guidelines and not fitted here: consciousness, NEWS2 and its response thresholds "
    "of RCP 2017, danger limits of the ESI Handbook v5 (2023), obstetric limits of Singh et al. 2012; each red flag "
    "names its own. All need clinical sign-off.",
    "A floor of level 3 can't make an answer 1 or 2, so that it finds none of levels 1-2 by what is counted here.",
    "The rule by which the pipeline chooses the threshold was changed with the KTAS test set in sight: figures on it "
    "at the served threshold are not held out. A threshold read off a curve here would be chosen on a test set, too.",
    "In written visits and in the corpus the same hand wrote levels and vital signs, by limits that resemble the "
    "floors (CTAS, NEWS2), and the words: what the rules find there says little of real patients.",
)


@dataclass(frozen=True, slots=True)
class Decided:
    """Rows [k] of one test set with what decides on them; levels as indices from 0.

    `by_threshold`: the model's published level [k] by plausibility threshold, `served` being the version's own.
    """

    test_set: str
    words: str
    truth: NDArray[np.int64]
    clusters: NDArray[np.int64]
    rules: Sequence[tuple[RedFlag | RuleFired, ...]]
    probable: NDArray[np.int64]
    by_threshold: dict[float, NDArray[np.int64]]
    served: float

    @property
    def floor(self) -> NDArray[np.int64]:
        """The most urgent level [k] that a rule asks for, the least urgent without one."""
        least = len(URGENCY_LEVELS)
        return np.array([min((r.level_floor for r in fired), default=least) for fired in self.rules]) - 1

    @property
    def published(self) -> NDArray[np.int64]:
        """The model's published level [k], without the rules."""
        return self.by_threshold[self.served]

    def only(self, words: str, chosen: NDArray[np.bool_]) -> "Decided":
        """Return the rows of which `chosen` [k] is true, under the name `words`."""
        return Decided(
            self.test_set,
            words,
            self.truth[chosen],
            self.clusters[chosen],
            list(compress(self.rules, chosen)),
            self.probable[chosen],
            {threshold: level[chosen] for threshold, level in self.by_threshold.items()},
            self.served,
        )


def floor_of(rule: RedFlag | RuleFired) -> str:
    """Name the floor, one of `FLOORS`, that a rule belongs to."""
    if isinstance(rule, RedFlag):
        return _RED_FLAG if rule.level_floor <= _URGENT else _MILD_RED_FLAG
    name = "consciousness" if rule.rule_id.startswith("consciousness_") else rule.rule_id
    return _BY_RULE.get(name, _OTHER)


def policy(version: JudgedVersion, evidence: Evidence, budget: Budget) -> list[Section]:
    """Return one section: each test set with levels, real ones parted by whether written rows have their words."""
    service = Service()
    written = [row for row in evidence.train if row.source in WRITTEN]
    parts: list[Decided] = []
    judged, changed = 0, 0
    for name, every in evidence.test_sets.items():
        rows, truth = labelled(sampled(every, budget.rows_per_test_set, SEED), "urgency")
        if not rows:
            continue
        admitted = [service.admitted(row) for row in rows]
        judged += len(rows)
        changed += sum(clean.text != row.text for clean, row in zip(admitted, rows, strict=True))
        whole = _decided(version, service, name, admitted, truth, cluster(rows))
        parts += _by_words(whole, rows, written)
    if not parts:
        return [left_out(_KEY, _TITLE, "no test set has levels")]
    curves = {f"Trade-off, {part.test_set}, words: {part.words}": _curve(part) for part in parts}
    return [
        Section(
            key=_KEY,
            title=_TITLE,
            method="Found: levels 1-2 answered as 1 or 2. Flagged: levels 3-5 answered as 1 or 2. Rules alone: the "
            "most urgent floor of red flags and vital signs, level 5 without one. The model alone, as published: the "
            "most urgent plausible level. As served: the more urgent of both. The text is as in service; "
            f"identifiers were removed from {changed} of the rows. Words: whether a written training row has the whole "
            "text; only real visits are parted.",
            n=judged,
            seed=SEED,
            interval=f"{BOOTSTRAP}. Counts have none",
            tables=(
                Table(
                    "Who finds levels 1-2", _WHO, tuple(line for part in parts for line in who_finds(part))
                ),
                *(Table(title, _CURVE, lines) for title, lines in curves.items()),
                Table("Each floor", _EACH, tuple(line for part in parts for line in floor_lines(part))),
            ),
            notes=_NOTES,
        )
    ]


def _decided(
    version: JudgedVersion,
    service: Service,
    name: str,
    admitted: Sequence[Row],
    truth: NDArray[np.int64],
    clusters: NDArray[np.int64],
) -> Decided:
    windows = version.windows(admitted)
    answers = version.ask([window for parts in windows for window in parts], title=f"policy, {name}")
    served = version.profile.thresholds.urgency_plausible_from

    def read(threshold: float) -> Readings:
        thresholds = version.profile.thresholds.model_copy(update={"urgency_plausible_from": threshold})
        return version.interpret(
            windows, answers, version.profile.model_copy(update={"thresholds": thresholds})
        )

    readings = {threshold: read(threshold) for threshold in sorted({*_THRESHOLDS, served})}
    return Decided(
        name,
        "all",
        truth,
        clusters,
        [service.rules(row, row.text) for row in admitted],
        readings[served].level,
        {threshold: reading.published for threshold, reading in readings.items()},
        served,
    )


def _by_words(whole: Decided, rows: Sequence[Row], written: Sequence[Row]) -> Iterator[Decided]:
    seen = stand_in(rows, written)
    if seen.any() and not any(row.source in WRITTEN for row in rows):
        for words, chosen in (("unseen", ~seen), ("seen", seen)):
            if chosen.any():
                yield whole.only(words, chosen)
    yield whole


def who_finds(part: Decided) -> list[tuple[Cell, ...]]:
    """Return one line for the rules alone, for the model alone, and for both."""
    answers = {
        "rules alone": part.floor,
        "model alone, most probable": part.probable,
        "model alone, as published": part.published,
        "both, as served": np.minimum(part.published, part.floor),
    }
    urgent = int((part.truth < _URGENT).sum())
    return [
        (part.test_set, part.words, who, len(part.truth), urgent, *_figures(part, answer, tuple(_STATISTICS)))
        for who, answer in answers.items()
    ]


def _curve(part: Decided) -> tuple[tuple[Cell, ...], ...]:
    asked = ("found", "flagged")
    return tuple(
        (
            f"{threshold:.2f}{_remark(threshold, part.served)}",
            *_figures(part, level, asked),
            *_figures(part, np.minimum(level, part.floor), asked),
        )
        for threshold, level in part.by_threshold.items()
    )


def _remark(threshold: float, served: float) -> str:
    if threshold == served:
        return ", served"
    return ", most probable level" if threshold == 1.0 else ""


def _figures(part: Decided, answer: NDArray[np.int64], names: Sequence[str]) -> list[Figure | None]:
    urgent = part.truth < _URGENT
    defined = {"found": bool(urgent.any()), "flagged": not urgent.all()}
    statistics = {name: _STATISTICS[name] for name in names if defined.get(name, True)}
    figures = bootstrap(
        part.truth, answer, part.clusters.tolist(), statistics, classes=len(URGENCY_LEVELS), seed=SEED
    )
    return [figures.get(name) for name in names]


def floor_lines(part: Decided) -> list[tuple[Cell, ...]]:
    """Return one line for each floor, and one for all together, with what each adds to the model as published."""
    urgent = part.truth < _URGENT
    missed, unflagged = urgent & (part.published >= _URGENT), ~urgent & (part.published >= _URGENT)
    lines: list[tuple[Cell, ...]] = []
    for name in (*FLOORS, ANY_FLOOR):
        own = [[r.level_floor for r in fired if name in (floor_of(r), ANY_FLOOR)] for fired in part.rules]
        level = np.array([min(floors, default=len(URGENCY_LEVELS) + 1) for floors in own]) - 1
        fires = np.array([bool(floors) for floors in own])
        lines.append(
            (
                part.test_set,
                part.words,
                name,
                ", ".join(str(floor) for floor in sorted({floor for floors in own for floor in floors})),
                int(fires.sum()),
                int((fires & urgent).sum()),
                int((level < part.published).sum()),
                int(missed.sum()),
                int((missed & (level < _URGENT)).sum()),
                int(unflagged.sum()),
                int((unflagged & (level < _URGENT)).sum()),
            )
        )
    return lines
