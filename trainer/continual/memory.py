"""The few rows that are kept for replay: at most a share of all that were seen.

Both ways fill the room class by class, so that a rare class is not crowded out. A reservoir keeps those with the
lowest tags, which follow from the row (as in the feedback buffer): no running counter, no order. Exemplars are the
rows nearest to the centres of a class's clusters (Huang et al., "Continual Learning for Text Classification with
Information Disentanglement Based Regularization", NAACL 2021).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from streams.domain.feedback import reservoir_priority
from trainer.data.rows import Row
from trainer.data.splits import Shares

__all__ = ["ALL_TRAIN", "SHARE", "Memory"]

SHARE = 0.01
ALL_TRAIN = Shares(calibration=0.0, test=0.0)
"""What is kept for replay, as a dataset."""


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """`rows` of the `seen` ones."""

    rows: tuple[Row, ...] = ()
    seen: int = 0

    def after(
        self,
        new: Sequence[Row],
        embedding: NDArray[np.float32],
        choice: Literal["none", "reservoir", "exemplars"],
        *,
        seed: int,
    ) -> "Memory":
        """Return the memory once `new`, embedded as [k, h], were seen, too; never more than `SHARE` of all."""
        seen = self.seen + len(new)
        if choice == "none":
            return Memory((), seen)
        ranked = _ranked(new) if choice == "reservoir" else _nearest(new, embedding, seed)
        room = int(SHARE * seen)
        return Memory(_dealt([*self.rows, *(new[position] for position in ranked)], room), seen)

    def repeated(self, beside: int) -> list[Row]:
        """Return the rows so often that they are about half as many as `beside` new ones."""
        if not self.rows:
            return []
        return [*self.rows] * max(1, round(beside / 2 / len(self.rows)))


def _class_of(row: Row) -> str:
    return f"diagnosis:{row.diagnosis}" if row.diagnosis is not None else f"urgency:{row.urgency_level}"


def _dealt(rows: Sequence[Row], room: int) -> tuple[Row, ...]:
    """Take one row of each class, then a second of each, and so on; rows of a class stand in order of preference."""
    of_class: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        of_class[_class_of(row)].append(row)
    places = [(place, row) for some in of_class.values() for place, row in enumerate(some)]
    return tuple(row for _, row in sorted(places, key=lambda placed: placed[0])[:room])


def _ranked(rows: Sequence[Row]) -> list[int]:
    tags = [reservoir_priority(f"{row.source}\x1f{sha256(row.text.encode()).hexdigest()}") for row in rows]
    return sorted(range(len(rows)), key=lambda number: tags[number])


_CLUSTERS = 4


def _nearest(rows: Sequence[Row], embedding: NDArray[np.float32], seed: int) -> list[int]:
    """Return, class by class, the rows nearest to each cluster's centre, those of large clusters first."""
    members: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        members[_class_of(row)].append(number)
    chosen: list[int] = []
    for numbers in members.values():
        points = embedding[numbers]
        fitted = KMeans(min(_CLUSTERS, len(numbers)), n_init=1, random_state=seed).fit(points)
        sizes = np.bincount(fitted.labels_)
        for centre in np.argsort(-sizes):
            distance = np.linalg.norm(points - fitted.cluster_centers_[centre], axis=1)
            chosen.append(numbers[int(distance.argmin())])
    return list(dict.fromkeys(chosen))
