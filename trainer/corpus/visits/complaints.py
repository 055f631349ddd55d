"""Reads `complaints.toml` into typed records, and refuses what doesn't fit."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["COMPLAINTS", "DISTURBANCES", "Complaint", "Pain"]

DISTURBANCES = ("hypoxia", "hypotension", "tachy", "brady", "pressure", "fever", "mind", "coma")
_PAINS = ("central", "peripheral", "chronic")
_TENTH = 0.1


@dataclass(frozen=True, slots=True)
class Pain:
    """Where it hurts, in the terms of the scale ("central", "peripheral", "chronic"), and how much as a rule (0-10)."""

    kind: str
    usual_score: int


@dataclass(frozen=True, slots=True)
class Complaint:
    """`levels`: level -> weight while vital signs are unremarkable; `disturbances`: what may be wrong -> chance."""

    name: str
    phrases: tuple[str, ...]
    levels: Mapping[int, float]
    pain: Pain | None
    disturbances: Mapping[str, float]
    frequency: float
    sex: str | None
    age_range_years: tuple[int, int]


def _complaint(name: str, table: Mapping[str, Any]) -> Complaint:
    *sex, ages = str(table.get("who", "16-90")).split()
    low, high = ages.split("-")
    kind, _, score = str(table.get("pain", "")).partition(" ")
    disturbances = {
        key: float(tenths) * _TENTH
        for key, _, tenths in (item.partition(":") for item in table.get("signs", "").split())
    }
    levels = {
        int(level): float(weight) for level, weight in (item.split(":") for item in table["lv"].split())
    }
    if (
        (kind and kind not in _PAINS)
        or not set(disturbances) <= set(DISTURBANCES)
        or not set(levels) <= {1, 2, 3, 4, 5}
    ):
        raise ValueError(f"{name}: unknown kind of pain, disturbance or level")
    return Complaint(
        name=name,
        phrases=tuple(phrase.strip() for phrase in table["say"].split(";")),
        levels=levels,
        pain=Pain(kind, int(score)) if kind else None,
        disturbances=disturbances,
        frequency=float(table.get("freq", 1)),
        sex={"M": "male", "F": "female"}[sex[0]] if sex else None,
        age_range_years=(int(low), int(high)),
    )


COMPLAINTS: tuple[Complaint, ...] = tuple(
    _complaint(name, table)
    for name, table in tomllib.loads(
        Path(__file__).with_name("complaints.toml").read_text(encoding="utf-8")
    ).items()
)
