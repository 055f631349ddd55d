"""What service makes of a row: identifiers are removed before the model reads, and rules may raise the level."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from schemas import RedFlag, RuleFired
from streams.adapters.deidentify import PatternDeIdentifier
from streams.adapters.red_flag_rules import clinical_words, load_red_flag_rules, load_red_flag_screen
from streams.domain.floors import vital_sign_rules
from streams.text import VITALS_FIELDS, vital_signs
from trainer.data.rows import Row
from trainer.evaluation.version import JudgedVersion

__all__ = ["Outgoing", "Service"]

_WITHHELD = -1
_LEAST_URGENT = 5


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What goes out for k rows, as indices from 0: `label` [k], -1 where it is withheld; `published` level [k]."""

    label: NDArray[np.int64]
    published: NDArray[np.int64]


class Service:
    """The tools of admission. Languages, quality flags and lanes are left out."""

    def __init__(self) -> None:
        self._deidentifier = PatternDeIdentifier(clinical_words(load_red_flag_rules()))
        self._screen = load_red_flag_screen()

    def admitted(self, row: Row) -> Row:
        """Return the row with identifiers replaced by their kind."""
        return replace(row, text=self._deidentifier.deidentify(row.text).text)

    def rules(self, row: Row, text: str) -> tuple[RedFlag | RuleFired, ...]:
        """Return the red flags of `text` and the rules that the vital signs fire."""
        known = dict(zip(VITALS_FIELDS, row.vitals.tolist(), strict=True))
        age = None if np.isnan(known["age_years"]) else known["age_years"]
        pregnant = None if np.isnan(known["pregnant"]) else bool(known["pregnant"])
        flags = self._screen.screen(text, pregnant=pregnant, age_years=age)
        return (*flags, *vital_sign_rules(vital_signs(row.vitals), age, pregnant))

    def floor(self, row: Row, text: str) -> int:
        """Return the most urgent level that these ask for, 5 without any."""
        return min((rule.level_floor for rule in self.rules(row, text)), default=_LEAST_URGENT)

    def read(self, version: JudgedVersion, rows: Sequence[Row], *, title: str | None = None) -> Outgoing:
        """Return what would be published for `rows` (at least one)."""
        clean = [self.admitted(row) for row in rows]
        readings = version.read(clean, title=title)
        thresholds = version.profile.thresholds
        withheld = (readings.confidence < thresholds.diagnosis_abstain_below) | (
            readings.distance > thresholds.out_of_domain_above
        )
        floors = np.array([self.floor(row, row.text) for row in clean]) - 1
        return Outgoing(
            label=np.where(withheld, _WITHHELD, readings.label),
            published=np.minimum(readings.published, floors),
        )
