"""Ways for vital signs to enter: as numbers, as words, not at all; and hospitals that record them otherwise."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streams.text import VITALS_FIELDS
from trainer.ablations.embedded import Embedded, embedded
from trainer.ablations.urgency import HeadSetting, Visits
from trainer.data import visits
from trainer.data.rows import Row

__all__ = ["CODINGS", "VITALS_SETTINGS", "coded_otherwise", "in_words", "with_vitals_in_words", "worded"]

_BOTH = HeadSetting(written=(visits.SOURCE,), real=True)
VITALS_SETTINGS: Mapping[str, tuple[HeadSetting, bool]] = {
    "as numbers": (_BOTH, False),
    "as numbers, without words": (replace(_BOTH, with_words=False), False),
    "in words": (replace(_BOTH, with_vitals=False), True),
    "none": (replace(_BOTH, with_vitals=False), False),
}
"""Name -> (setting, whether the text carries the vital signs)."""

_PAIN, _SPO2 = VITALS_FIELDS.index("pain_score"), VITALS_FIELDS.index("spo2_percent")
_FIRST_MEASURED = VITALS_FIELDS.index("heart_rate_bpm")
_WORDS = (
    ("age_years", "{:.0f} years old"),
    ("heart_rate_bpm", "HR {:.0f}"),
    ("respiratory_rate_bpm", "RR {:.0f}"),
    ("systolic_bp_mmhg", "systolic {:.0f}"),
    ("temperature_c", "temp {:.1f}"),
    ("spo2_percent", "SpO2 {:.0f}"),
    ("pain_score", "pain {:.0f}/10"),
)
_MINDS = ("alert", "confused", "responds to voice", "responds to pain", "unresponsive")


def _no_pain_is_absent(vitals: NDArray[np.float32]) -> None:
    vitals[vitals[:, _PAIN] == 0.0, _PAIN] = np.nan


def _no_spo2(vitals: NDArray[np.float32]) -> None:
    vitals[:, _SPO2] = np.nan


def _nothing_measured(vitals: NDArray[np.float32]) -> None:
    vitals[:, _FIRST_MEASURED:] = np.nan


CODINGS: Mapping[str, Callable[[NDArray[np.float32]], None]] = {
    "as KTAS does": lambda vitals: None,
    "no pain is left empty": _no_pain_is_absent,
    "saturation never sent": _no_spo2,
    "nothing measured": _nothing_measured,
}


def in_words(row: Row) -> str:
    """Return the row's text followed by its vital signs in a nurse's shorthand."""
    parts = [row.text]
    for name, pattern in _WORDS:
        value = row.vitals[VITALS_FIELDS.index(name)]
        parts += [] if np.isnan(value) else [pattern.format(value)]
    mind = row.vitals[VITALS_FIELDS.index("consciousness")]
    parts += [] if np.isnan(mind) else [_MINDS[int(mind)]]
    return ", ".join(parts)


def with_vitals_in_words(asked: Visits, cache: Path) -> Visits:
    """Return the same rows whose texts carry the vital signs."""
    return replace(
        asked,
        real=worded(asked.real, cache),
        written={name: worded(rows, cache) for name, rows in asked.written.items()},
    )


def coded_otherwise(asked: Visits, coding: str, cache: Path, *, in_words: bool) -> Embedded:
    """Return the real visits as a hospital with this `coding` would send them."""
    vitals = asked.real.vitals.copy()
    CODINGS[coding](vitals)
    rows = tuple(replace(row, vitals=line) for row, line in zip(asked.real.rows, vitals, strict=True))
    recoded = Embedded(rows, asked.real.text, vitals)
    return worded(recoded, cache) if in_words else recoded


def worded(rows: Embedded, cache: Path) -> Embedded:
    """Return the same rows with embeddings of texts that carry the vital signs."""
    return replace(rows, text=embedded([replace(row, text=in_words(row)) for row in rows.rows], cache).text)
