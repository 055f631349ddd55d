"""How well a labeller who flips labels is found: `python -m trainer.gate.labeller_trial`.

Labels are flipped on purpose, at several rates, for one of several labellers; all others err at a rate of their own. It
prints how often the flipper is named, and how often an honest one is. Messages: written here, or articles of MedQuAD,
which no version learned from.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from trainer.data import corpus, medquad
from trainer.data.rows import DIAGNOSIS_LABELS, URGENCY_LEVELS, Row
from trainer.evaluation import JudgedVersion
from trainer.gate.evidence import written
from trainer.gate.labellers import features_of, find_labellers
from trainer.gate.limits import Limits
from trainer.gate.opinions import Opinion

__all__ = ["Round", "deal_labels", "main", "measured"]

RATES = (0.0, 0.05, 0.10, 0.20, 0.40)
FLIPPER = "labeller-0"
_SEED = 771_003
_NEIGHBOUR_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Round:
    """`labels_each` of each of `labellers`; a share is labelled by two. `error`: honest errors, of everybody."""

    labellers: int = 5
    labels_each: int = 120
    shared: float = 0.2
    error: float = 0.05


def deal_labels(
    rows: Sequence[Row], made: Round, rate: float, rng: np.random.Generator
) -> tuple[list[int], list[Opinion]]:
    """Return which row each opinion is on, and the opinions; the flipper is `FLIPPER`."""
    places, opinions = [], []
    order = rng.permutation(len(rows))
    taken = 0
    previous: list[int] = []
    for number in range(made.labellers):
        again = min(len(previous), round(made.shared * made.labels_each))
        fresh = [int(at) for at in order[taken : taken + made.labels_each - again]]
        taken += len(fresh)
        mine = [*(int(at) for at in rng.permutation(previous)[:again]), *fresh]
        flips = rate if f"labeller-{number}" == FLIPPER else 0.0
        for at in mine:
            places.append(at)
            opinions.append(
                Opinion(str(at), f"labeller-{number}", _labelled(rows[at], made.error, flips, rng))
            )
        previous = fresh
    return places, opinions


def _labelled(row: Row, error: float, flips: float, rng: np.random.Generator) -> Row:
    diagnosis, level = row.diagnosis, row.urgency_level
    if diagnosis is not None and rng.random() < error + flips:
        diagnosis = str(rng.choice([label for label in DIAGNOSIS_LABELS if label != diagnosis]))
    if level is not None:
        if rng.random() < flips:
            level = int(rng.choice([other for other in URGENCY_LEVELS if other != level]))
        elif rng.random() < error:
            # who errs honestly takes the next level
            level = min(5, max(1, level + (1 if rng.random() < _NEIGHBOUR_SHARE else -1)))
    return replace(row, diagnosis=diagnosis, urgency_level=level)


def measured(
    rows: Sequence[Row], features: NDArray[np.float64], made: Round, rate: float, repeats: int
) -> tuple[float, float, float]:
    """Return how often the flipper is named, an honest labeller is, and a round is blocked for honest ones alone."""
    limits = Limits()
    flipper, honest, blocked = 0, 0, 0
    for repeat in range(repeats):
        rng = np.random.default_rng([_SEED, round(1000 * rate), repeat])
        places, opinions = deal_labels(rows, made, rate, rng)
        named = {one.labeller for one in find_labellers(opinions, features[places], limits) if one.named}
        flipper += FLIPPER in named
        honest += len(named - {FLIPPER})
        blocked += bool(named - {FLIPPER})
    return flipper / repeats, honest / (repeats * (made.labellers - 1)), blocked / repeats


def main(
    model: Annotated[Path, typer.Option(help="The version that reads the messages.")] = Path(
        "model_repo/triage_bert/1"
    ),
    data: Annotated[
        Path | None, typer.Option(envvar="TRIAGE_DATA", help="Development data: MedQuAD instead.")
    ] = None,
    labellers: int = 5,
    labels_each: int = 120,
    shared: float = 0.2,
    error: float = 0.05,
    repeats: int = 20,
) -> None:
    """Print one line a rate."""
    made = Round(labellers, labels_each, shared, error)
    rows = (
        medquad.load(data) if data is not None else [r for r in written().rows if r.source == corpus.SOURCE]
    )
    asked = [Opinion(str(number), "", row) for number, row in enumerate(rows)]
    features = features_of(asked, JudgedVersion(model, workers=2))
    typer.echo(f"{len(rows)} messages; {made}; {repeats} repeats")
    for rate in RATES:
        found, honest, blocked = measured(rows, features, made, rate, repeats)
        typer.echo(
            f"flips {rate:.0%}: named {found:.0%}, an honest labeller {honest:.1%}, rounds with one {blocked:.0%}"
        )


if __name__ == "__main__":
    typer.run(main)
