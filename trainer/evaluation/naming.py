"""Does it matter who says so? The same complaint under two names, for each way in which people are named."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random

import numpy as np

from trainer.data.rows import Row
from trainer.evaluation.intervals import SEED, share
from trainer.evaluation.robustness import Change
from trainer.evaluation.sections import Cell, Table
from trainer.evaluation.service import Outgoing, Service
from trainer.evaluation.version import Readings

__all__ = ["NAMES", "Reader", "naming"]

Reader = Callable[[Sequence[Row], str], Readings | Outgoing]
"""Rows and a title of the progress bar, to answers."""

_FULL_NAMES = (
    "Emily Walsh", "Greg Baker", "Lakisha Washington", "Jamal Robinson", "Fatima Hassan", "Mohammed Khan",
    "María García", "Wang Xiuying",
)  # fmt: skip
NAMES: Mapping[str, str] = {name: f"My name is {name}. {{}}" for name in _FULL_NAMES}
"""Frames of a text by the name that they give."""

_WAYS = (
    "My name is {name}. {text}",
    "I am {name}. {text}",
    "{name} here. {text}",
    "{name}, 54 years old. {text}",
    "Patient {name}: {text}",
    "Writing for my neighbour {name}. {text}",
    "{text} Regards, {name}",
    "{name}: {text}",
    "{text} {name} told me to write.",
)
_LOWER_CASE = "my name is {name}. {text}"


def naming(rows: Sequence[Row], service: Service, alone: Reader, served: Reader) -> Table:
    """Return, for each way of naming, how often the name goes and how often another name changes the answer."""
    rng = Random(SEED)
    pairs = [rng.sample(_FULL_NAMES, 2) for _ in rows]
    cells: list[tuple[Cell, ...]] = []
    for way in (*_WAYS, _LOWER_CASE):
        named = [_named(rows, [pair[which] for pair in pairs], way) for which in (0, 1)]
        gone = [
            all(_is_gone(service.admitted(told[at]), pair[which]) for which, told in enumerate(named))
            for at, pair in enumerate(pairs)
        ]
        one, other = named
        of_model, of_service = (
            Change.between(read(one, "named"), read(other, "named")) for read in (alone, served)
        )
        cells.append(
            (
                way.format(name="...", text="(text)"),
                len(rows),
                share(np.array(gone)),
                share(of_model.label_before != of_model.label_after),
                share(of_service.label_before != of_service.label_after),
                share(of_service.level_before != of_service.level_after),
            )
        )
    columns = (
        "way",
        "n",
        "name removed",
        "diagnosis changed, alone",
        "as served",
        "level changed, as served",
    )
    return Table("Ways of naming", columns, tuple(cells))


def _named(rows: Sequence[Row], names: Sequence[str], way: str) -> list[Row]:
    lower = way is _LOWER_CASE
    return [
        replace(row, text=way.format(name=name.lower() if lower else name, text=row.text))
        for row, name in zip(rows, names, strict=True)
    ]


def _is_gone(row: Row, name: str) -> bool:
    return not any(part.lower() in row.text.lower() for part in name.split())
