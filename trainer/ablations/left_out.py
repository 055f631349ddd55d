"""Vital signs as numbers or in words at a new hospital: trained on written rows alone, judged on real visits."""

from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.ablations.crossval import figures
from trainer.ablations.embedded import Embedded
from trainer.ablations.urgency import SEED, HeadSetting, Visits
from trainer.ablations.vitals import CODINGS, coded_otherwise, worded
from trainer.batches import VitalsDropout
from trainer.data.splits import twins_of
from trainer.metrics import Figure

__all__ = ["REFERENCE", "Answered", "compared", "left_out", "with_fields_hidden", "without_twins"]

_WAYS: Mapping[str, tuple[bool, bool]] = {
    "as numbers": (True, False),
    "in words": (False, True),
    "none": (False, False),
}
"""Name -> (whether numbers enter, whether the text carries them)."""

_RESAMPLES = 300
REFERENCE = ("as numbers", True)
"""The served model's way, and whether fields were hidden in its training."""


@dataclass(frozen=True, slots=True)
class Answered:
    """P(level) `p` [k, 5] of each real visit. `hidden`: whether fields were hidden in training."""

    way: str
    hidden: bool
    coding: str
    p: NDArray[np.float64]


def without_twins(asked: Visits) -> Visits:
    """Leave out the written rows in a cluster with a real visit: they would have brought its complaint along."""
    twins = set(twins_of(asked.real.rows, [row for part in asked.written.values() for row in part.rows]))

    def others(part: Embedded) -> Embedded:
        return part.take(np.flatnonzero([row not in twins for row in part.rows]))

    return replace(asked, written={name: others(part) for name, part in asked.written.items()})


def with_fields_hidden(part: Embedded) -> Embedded:
    """Hide fields as in the training of the served model, once in each row."""
    vitals = VitalsDropout().hide(part.vitals, np.random.default_rng(SEED))
    rows = tuple(replace(row, vitals=line) for row, line in zip(part.rows, vitals, strict=True))
    return Embedded(rows, part.text, vitals)


def left_out(asked: Visits, cache: Path) -> Iterator[Answered]:
    """Yield the answers of each way, under each coding, of heads that no real visit took part in."""
    for way, (as_numbers, in_words) in _WAYS.items():
        carried = as_numbers or in_words
        for hidden in (False, True) if carried else (False,):
            written = {
                name: with_fields_hidden(part) if hidden else part for name, part in asked.written.items()
            }
            if in_words:
                written = {name: worded(part, cache) for name, part in written.items()}
            setting = HeadSetting(tuple(written), real=False, with_vitals=as_numbers)
            heads = replace(asked, written=written).heads(setting, SEED)
            for coding in CODINGS if carried else list(CODINGS)[:1]:
                sent = coded_otherwise(asked, coding, cache, in_words=in_words)
                yield Answered(way, hidden, coding, asked.answers(heads, sent))


def compared(asked: Visits, answered: Answered, reference: Answered) -> tuple[Figure, ...]:
    """Return the three figures, and the QWK of `reference` less this one's on the same resamples of clusters."""
    own, other = (_over_resamples(asked, one.p) for one in (answered, reference))
    return tuple(_figure(values, len(asked.levels)) for values in (*own.T, other[:, 0] - own[:, 0]))


def _figure(values: NDArray[np.float64], n: int) -> Figure:
    low, high = np.percentile(values[1:], [2.5, 97.5])
    return Figure(float(values[0]), float(low), float(high), n)


def _over_resamples(asked: Visits, p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the figures of all visits, then of each resample of whole clusters: [1 + r, 3], the same for any `p`."""
    members = [np.flatnonzero(asked.clusters == number) for number in np.unique(asked.clusters)]
    rng = np.random.default_rng(SEED)
    drawn = [
        np.concatenate([members[number] for number in rng.integers(len(members), size=len(members))])
        for _ in range(_RESAMPLES)
    ]
    every = np.arange(len(asked.levels))
    return np.array([astuple(figures(p[at], asked.levels[at])) for at in (every, *drawn)])
