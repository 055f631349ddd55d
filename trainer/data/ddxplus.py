"""DDXPlus: 49 conditions with a severity from 1 (worst) to 5; a prior of urgency, never text to train on.

A row is the name of a condition. Its level is how severe the condition is by the source's physicians, not how urgent a
visit was: stable angina has 2, a panic attack 5, and neither says how this patient is. The patients of DDXPlus are
simulated lists of codes without text, and are not read.
"""

import json
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trainer.data.errors import BadCell, BadRows, WrongColumns
from trainer.data.rows import NO_VITALS, Row
from trainer.data.tables import decoded

__all__ = ["FILE", "SOURCE", "load"]

SOURCE = "ddxplus"
FILE = "ddxplus/release_conditions.json"


class _Condition(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    name: Annotated[str, Field(alias="cond-name-eng", min_length=1)]
    icd10: Annotated[str, Field(alias="icd10-id", min_length=1)]
    severity: Annotated[int, Field(ge=1, le=5)]


def load(data_dir: Path) -> list[Row]:
    """Read the conditions under `data_dir`. Raises BadData; the row of a fault is the condition's place in the file."""
    rows: list[Row] = []
    faults: list[BadCell] = []
    for number, entry in enumerate(_entries(data_dir / FILE), start=1):
        try:
            condition = _Condition.model_validate(entry)
        except ValidationError as error:
            faults += [
                BadCell(number, ".".join(map(str, fault["loc"])) or "-", fault["type"])
                for fault in error.errors()
            ]
            continue
        rows.append(
            Row(
                SOURCE,
                condition.name,
                f"{SOURCE}/{condition.icd10.upper()}",
                NO_VITALS,
                urgency_level=condition.severity,
                language="en",
            )
        )
    if faults:
        raise BadRows(faults)
    return rows


def _entries(path: Path) -> list[object]:
    try:
        content = json.loads(decoded(path, "utf-8"))
    except json.JSONDecodeError as error:
        raise BadRows([BadCell(error.lineno, "-", "not JSON")]) from None
    if not isinstance(content, dict):
        raise WrongColumns(f"{path.name} is no object of conditions")
    return list(content.values())
