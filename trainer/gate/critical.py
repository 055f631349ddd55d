"""The critical suite: presentations that no version may miss, and the check that none is newly missed.

Each is written here from a guideline's facts, in the words of patients, relatives and nurses. It is no sample of
anything: passing it says that known dangers are still seen, not how many unknown ones are.
"""

from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Annotated, Any, Literal

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from schemas import Sex, VitalSigns
from streams.text import vitals_vector
from trainer.data.rows import Row
from trainer.gate.decisions import Decided
from trainer.gate.limits import Limits
from trainer.gate.paired import compare_shares
from trainer.gate.report import Check, Status

__all__ = ["Presentation", "critical_checks", "presentations", "rows_of"]

_FOLDER = "critical_suite"
_SOURCE = "critical"


class Presentation(BaseModel):
    """One patient. `level`: the least urgent level that the guideline allows at the door."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    text: Annotated[str, Field(min_length=1)]
    level: Annotated[int, Field(ge=1, le=2)]
    guideline: Annotated[str, Field(min_length=1)]
    voice: Literal["patient", "relative", "nurse"]
    language: Literal["en", "zh"] = "en"
    age_years: float | None = None
    sex: Literal["male", "female"] | None = None
    pregnant: bool | None = None
    vitals: dict[str, Any] = {}

    @property
    def row(self) -> Row:
        """As a row of its own."""
        return Row(
            source=_SOURCE,
            text=self.text,
            group=f"{_SOURCE}/{self.id}",
            vitals=vitals_vector(
                VitalSigns.model_validate(self.vitals, strict=False),
                age_years=self.age_years,
                sex=None if self.sex is None else Sex(self.sex),
                pregnant=self.pregnant,
            ),
            urgency_level=self.level,
            language=self.language,
        )


@cache
def presentations() -> tuple[Presentation, ...]:
    """Read the suite, file by file."""
    folder = resources.files("trainer.gate").joinpath(_FOLDER)
    files = sorted((entry for entry in folder.iterdir()), key=lambda entry: entry.name)
    return tuple(
        Presentation.model_validate(entry)
        for file in files
        for entry in yaml.safe_load(file.read_text(encoding="utf-8"))
    )


def rows_of(suite: tuple[Presentation, ...]) -> tuple[Row, ...]:
    """Return the suite as rows."""
    return tuple(presentation.row for presentation in suite)


def critical_checks(
    suite: tuple[Presentation, ...], live: Decided, candidate: Decided, limits: Limits
) -> Iterator[Check]:
    """Yield what is published (none may be newly missed), and what the model alone would say (not worse beyond chance).

    The rules would hide a model that has forgotten its emergencies, and they know only the words on their lists.
    """
    needed = np.array([presentation.level - 1 for presentation in suite])
    seen, sees = live.published <= needed, candidate.published <= needed
    missed = tuple(p.id for p, lost in zip(suite, seen & ~sees, strict=True) if lost)
    yield Check(
        name="newly missed",
        evidence=_SOURCE,
        status=Status.FAILED if missed else Status.PASSED,
        told=f"{len(missed)} newly missed{': ' if missed else ''}{', '.join(missed)}; "
        f"live misses {int((~seen).sum())}, the candidate {int((~sees).sum())} of {len(suite)}",
        n=len(suite),
        live=float(seen.mean()),
        candidate=float(sees.mean()),
        worse_by=float(seen.mean() - sees.mean()),
        cases=missed,
    )
    yield _model_alone(needed, live, candidate, limits)


def _model_alone(needed: NDArray[np.int64], live: Decided, candidate: Decided, limits: Limits) -> Check:
    read = live.assessable & candidate.assessable
    seen, sees = (decided.model_level[read] <= needed[read] for decided in (live, candidate))
    compared = compare_shares(
        seen, sees, np.flatnonzero(read).tolist(), margin=limits.sensitivity_margin, level=limits.level
    )
    lost, won = int((seen & ~sees).sum()), int((sees & ~seen).sum())
    return Check(
        name="model without rules",
        evidence=_SOURCE,
        status=Status.FAILED if compared.at_least > 0 else Status.PASSED,
        told=f"{lost} that only live sees, {won} that only the candidate sees, of {compared.n} that both read",
        n=compared.n,
        live=compared.live,
        candidate=compared.candidate,
        worse_by=compared.worse_by,
        bound=compared.at_most,
    )
