"""Written rows that bring a held-out text into training, though not from the visit: they are left out of each fit."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from trainer.data.rows import Row
from trainer.data.splits import cluster

__all__ = ["NearCopies"]


class NearCopies:
    """The texts of `rows`, clustered once for all fits; by themselves, as `trainer.pipeline.keep_apart` has it.

    The same complaint in other words may train: leaving out whole topics is `trainer.ablations.left_out`.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        different = list({row.text: row for row in rows}.values())
        numbers = cluster(different, grouped=False).tolist()
        self._number = dict(zip((row.text for row in different), numbers, strict=True))

    def without(self, written: Sequence[Row], held_out: Iterable[Row]) -> NDArray[np.int64]:
        """Return the positions in `written` of the rows whose text shares a cluster with none of `held_out`."""
        near = {self._number[row.text] for row in held_out}
        return np.flatnonzero([self._number[row.text] not in near for row in written]).astype(np.int64)
