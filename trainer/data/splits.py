"""Splits that near-duplicates never cross.

Rows are joined into clusters where their source says so (`Row.group`) or where their texts share most word shingles;
a whole cluster then goes to one split, so a test row has no near-copy in training.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from datasketch import MinHash, MinHashLSH
from numpy.typing import NDArray
from rich.progress import track
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from trainer.data.rows import Row
from trainer.data.words import words

__all__ = ["HELD_OUT", "Shares", "Splits", "cluster", "split", "twins_of"]

_SHINGLE_WORDS = 3
_PERMUTATIONS = 64
_SIMILAR_FROM = 0.4
_URGENT_LEVELS, _LEAST_URGENT = 2, 5


@dataclass(frozen=True, slots=True)
class Splits:
    """`train` fits weights, `calibration` temperatures and thresholds, `test` is only read at the end."""

    train: tuple[Row, ...]
    calibration: tuple[Row, ...]
    test: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Shares:
    """How much of a source is held back."""

    calibration: float
    test: float


HELD_OUT = Shares(calibration=0, test=1)
"""Of a source that never trains, and takes its near-duplicates in other sources with it."""


def split(
    rows: Sequence[Row],
    shares: Mapping[str, Shares],
    *,
    seed: int,
    clusters: NDArray[np.int64] | None = None,
) -> Splits:
    """Deal out whole clusters at random until each stratum's share of its rows is reached.

    Strata: source, diagnosis, and whether the level is 1-2. A cluster too large for the room that is left is for
    training, so held-out rows lean towards rarer complaints. `clusters` [k], where they are known already.
    """
    members: dict[int, list[Row]] = defaultdict(list)
    for row, number in zip(rows, cluster(rows) if clusters is None else clusters, strict=True):
        members[int(number)].append(row)
    groups = list(members.values())
    Random(seed).shuffle(groups)
    totals = Counter(map(_stratum, rows))
    room = {
        "test": {stratum: shares[stratum[0]].test * count for stratum, count in totals.items()},
        "calibration": {stratum: shares[stratum[0]].calibration * count for stratum, count in totals.items()},
    }
    parts: dict[str, list[Row]] = {"train": [], "calibration": [], "test": []}
    for group in groups:
        needed = Counter(map(_stratum, group))
        fits = (part for part, left in room.items() if all(left[s] >= n for s, n in needed.items()))
        held_out = any(shares[row.source] == HELD_OUT for row in group)
        part = "test" if held_out else next(fits, "train")
        for stratum, count in needed.items() if part in room else ():
            room[part][stratum] -= count
        parts[part].extend(group)
    return Splits(tuple(parts["train"]), tuple(parts["calibration"]), tuple(parts["test"]))


def twins_of(held_out: Sequence[Row], rows: Sequence[Row], *, grouped: bool = True) -> list[Row]:
    """Return those of `rows` that share a cluster with a row of `held_out`; `grouped` as for `cluster`."""
    clusters = cluster([*held_out, *rows], grouped=grouped)
    taken = set(clusters[: len(held_out)].tolist())
    return [
        row for row, number in zip(rows, clusters[len(held_out) :].tolist(), strict=True) if number in taken
    ]


def _stratum(row: Row) -> tuple[str, str | None, bool]:
    return row.source, row.diagnosis, (row.urgency_level or _LEAST_URGENT) <= _URGENT_LEVELS


def cluster(rows: Sequence[Row], *, grouped: bool = True) -> NDArray[np.int64]:
    """Return each row's cluster number [k]; similarity is transitive (connected components).

    Where they aren't `grouped` texts alone join, whatever the sources say.
    """
    edges = [*(_same_group(rows) if grouped else ()), *_similar_texts(rows)]
    left, right = np.array(edges, dtype=np.int64).reshape(-1, 2).T
    graph = coo_matrix((np.ones(len(edges)), (left, right)), shape=(len(rows), len(rows)))
    labels: NDArray[np.int64] = connected_components(graph, directed=False)[1].astype(np.int64)
    return labels


def _same_group(rows: Sequence[Row]) -> Iterator[tuple[int, int]]:
    first: dict[str, int] = {}
    for number, row in enumerate(rows):
        yield first.setdefault(row.group, number), number


def _similar_texts(rows: Sequence[Row]) -> Iterator[tuple[int, int]]:
    index = MinHashLSH(threshold=_SIMILAR_FROM, num_perm=_PERMUTATIONS)
    shingles = ([shingle.encode() for shingle in _shingles(row.text)] for row in rows)
    # One after another from one generator: they share their permutations, which cost more than the hashing.
    sketches = MinHash.generator(shingles, num_perm=_PERMUTATIONS, seed=1)
    for number, sketch in enumerate(track(sketches, "near-duplicates", total=len(rows), transient=True)):
        for other in index.query(sketch):
            yield other, number
        index.insert(number, sketch)


def _shingles(text: str) -> set[str]:
    said = words(text) or [text]
    return {" ".join(said[i : i + _SHINGLE_WORDS]) for i in range(max(1, len(said) - _SHINGLE_WORDS + 1))}
