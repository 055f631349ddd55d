"""How small a harmless edit lowers the urgency? A greedy search with a budget of answers, and what the rules save."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

import numpy as np

from trainer.data.rows import Row
from trainer.data.splits import cluster
from trainer.evaluation.budget import Budget
from trainer.evaluation.edits import IRRELEVANT, phrase_swaps, word_slips
from trainer.evaluation.evidence import Evidence
from trainer.evaluation.intervals import BOOTSTRAP, SEED, WILSON, resampled, share
from trainer.evaluation.sections import Cell, Section, Table, left_out
from trainer.evaluation.service import Service
from trainer.evaluation.version import JudgedVersion

__all__ = ["Attack", "attack", "attacks"]

_KEY, _TITLE = "adversarial", "The smallest harmless edit that lowers urgency"
_URGENT = 2
_MOST_EDITS = 4
_LEAST_URGENT_ATTACKED = 3


@dataclass(frozen=True, slots=True)
class Attack:
    """Levels count from 1. `level_with_rules_*`: the published level with the floors of red flags and vital signs."""

    row: Row
    edits: int
    queries: int
    level_before: int
    level_after: int
    level_with_rules_before: int
    level_with_rules_after: int


def attacks(version: JudgedVersion, evidence: Evidence, budget: Budget) -> list[Section]:
    """Return how often a search lowers a published level."""
    rows = evidence.mixed(budget.attacked_rows * 6, SEED)
    published = version.read(rows, title="to be attacked").published + 1
    chosen = [row for row, level in zip(rows, published, strict=True) if level <= _LEAST_URGENT_ATTACKED]
    chosen = Random(SEED).sample(chosen, min(len(chosen), budget.attacked_rows))
    if not chosen:
        return [left_out(_KEY, _TITLE, "no row is published at levels 1-3")]
    service = Service()
    done = [attack(version, row, service, queries=budget.attack_queries, seed=SEED) for row in chosen]
    lines = [
        _line("of one edit", done, 1),
        _line("of two edits or fewer", done, 2),
        _line(f"of {_MOST_EDITS} edits or fewer", done, _MOST_EDITS),
    ]
    asked = np.array([one.queries for one in done], dtype=float)
    spent = resampled(lambda at: float(asked[at].mean()), cluster(chosen).tolist(), seed=SEED)
    return [
        Section(
            key=_KEY,
            title=_TITLE,
            method=f"{len(done)} test rows that are published at levels 1-3. Each step asks for a slip in each longer "
            "word, other words for each finding, an irrelevant sentence before and after, and keeps the edit with the "
            f"least urgent answer; until the published level falls, {_MOST_EDITS} edits are made or "
            f"{budget.attack_queries} answers were asked for. A search that knows the model finds more than chance "
            "does: see robustness for that. With rules: red flags of the text and floors of the vital signs, as in "
            "service, on top; the search did not work against them.",
            n=len(done),
            seed=SEED,
            interval=f"Shares: {WILSON}. Answers asked for: {BOOTSTRAP}.",
            tables=(
                Table(
                    "Success",
                    (
                        "edit",
                        "n",
                        "level lowered",
                        "from 1-2 to 3-5",
                        "with rules: lowered",
                        "with rules: from 1-2 to 3-5",
                    ),
                    tuple(lines),
                ),
                Table("Cost", ("n", "answers asked for a row"), ((len(done), spent),)),
            ),
        )
    ]


def _line(title: str, done: Sequence[Attack], most_edits: int) -> tuple[Cell, ...]:
    within = np.array([one.edits <= most_edits for one in done])
    cells: list[Cell] = [title, len(done)]
    for levels in (
        np.array([(one.level_before, one.level_after) for one in done]),
        np.array([(one.level_with_rules_before, one.level_with_rules_after) for one in done]),
    ):
        lowered = within & (levels[:, 1] > levels[:, 0])
        cells += [share(lowered), share(lowered & (levels[:, 1] > _URGENT), levels[:, 0] <= _URGENT)]
    return tuple(cells)


def attack(version: JudgedVersion, row: Row, service: Service, *, queries: int, seed: int) -> Attack:
    """Search greedily for edits of `row` that lower its published level."""
    rng = Random(seed)
    before = int(version.read([row]).published[0]) + 1
    text, level, asked, edits = row.text, before, 1, 0
    while level <= before and edits < _MOST_EDITS and asked < queries:
        candidates = _candidates(text, rng)
        candidates = rng.sample(candidates, min(len(candidates), queries - asked))
        readings = version.read([replace(row, text=candidate) for candidate in candidates])
        asked, edits = asked + len(candidates), edits + 1
        # The least urgent: the level that goes out first, then the probability of levels 1-2.
        urgent = readings.urgency[:, :_URGENT].sum(axis=1)
        best = int(np.lexsort((urgent, -readings.published))[0])
        text, level = candidates[best], int(readings.published[best]) + 1
    return Attack(
        row,
        edits,
        asked,
        before,
        level,
        min(before, service.floor(row, row.text)),
        min(level, service.floor(row, text)),
    )


def _candidates(text: str, rng: Random) -> list[str]:
    sentence = rng.choice(IRRELEVANT)
    around = [f"{sentence} {text}", f"{text.rstrip('.')}. {sentence}"]
    return [*word_slips(text, rng), *phrase_swaps(text, rng), *around]
