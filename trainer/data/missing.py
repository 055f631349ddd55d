"""Which vital signs are measured more often in the urgent, or in the others: absence that tells the label.

Oxygen saturation is often left out where a patient looks well; a hospital may leave the pain score empty where there is
no pain. A classifier that reads absence learns such habits of one hospital. In `trainer.vitals` an absent value
contributes exactly 0 instead.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from streams.text import VITALS_FIELDS
from trainer.data.rows import Row, labelled, stack_vitals

__all__ = ["Uneven", "unevenly_measured"]

_URGENT_BELOW = 2
_LEAST_ROWS = 20
_DIFFERENCE = 0.1


@dataclass(frozen=True, slots=True)
class Uneven:
    """`field` is measured in the share `urgent` of a source's levels 1-2 and in `others` of its levels 3-5."""

    source: str
    field: str
    urgent: float
    others: float


def unevenly_measured(rows: Sequence[Row]) -> Iterator[Uneven]:
    """Yield the fields whose two shares are at least 0.1 apart, source by source."""
    for source in sorted({row.source for row in rows}):
        of_source, levels = labelled([row for row in rows if row.source == source], "urgency")
        urgent = levels < _URGENT_BELOW
        if min(urgent.sum(), (~urgent).sum()) < _LEAST_ROWS:
            continue
        measured = ~np.isnan(stack_vitals(of_source))
        for field, among_urgent, among_others in zip(
            VITALS_FIELDS, measured[urgent].mean(axis=0), measured[~urgent].mean(axis=0), strict=True
        ):
            if abs(among_urgent - among_others) >= _DIFFERENCE:
                yield Uneven(source, field, float(among_urgent), float(among_others))
