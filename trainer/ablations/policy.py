"""Who finds levels 1-2: the rules, the model, or both; and at what price among levels 3-5."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schemas import Consciousness, VitalSigns
from streams.adapters.red_flag_rules import load_red_flag_screen
from streams.domain.floors import vital_sign_rules
from streams.domain.red_flags import RedFlagScreen
from streams.text import VITALS_FIELDS
from trainer.data.rows import Row

__all__ = ["SENSITIVITIES", "chosen_threshold", "flagged_by_rules", "price"]

SENSITIVITIES = (0.80, 0.85, 0.90, 0.95, 0.98)
_URGENT_LEVEL = 2
_MEASURED = tuple(name for name in VITALS_FIELDS if name in VitalSigns.model_fields)


def flagged_by_rules(rows: Sequence[Row]) -> NDArray[np.bool_]:
    """Say for each row whether a red flag or a vital sign sets a floor of level 1 or 2."""
    screen = load_red_flag_screen()
    return np.array([_floor(row, screen) <= _URGENT_LEVEL for row in rows])


def _floor(row: Row, screen: RedFlagScreen) -> int:
    known = {
        name: float(value)
        for name, value in zip(VITALS_FIELDS, row.vitals, strict=True)
        if not np.isnan(value)
    }
    signs: dict[str, float | bool | Consciousness] = {
        name: known[name] for name in _MEASURED if name in known
    }
    if "consciousness" in signs:
        signs["consciousness"] = tuple(Consciousness)[int(known["consciousness"])]
    if "supplemental_oxygen" in signs:
        signs["supplemental_oxygen"] = bool(known["supplemental_oxygen"])
    pregnant = bool(known["pregnant"]) if "pregnant" in known else None
    age_years = known.get("age_years")
    floors = [flag.level_floor for flag in screen.screen(row.text, pregnant=pregnant, age_years=age_years)]
    floors += [
        rule.level_floor for rule in vital_sign_rules(VitalSigns.model_validate(signs), age_years, pregnant)
    ]
    return min(floors, default=5)


def chosen_threshold(
    score: NDArray[np.float64], rules: NDArray[np.bool_], urgent: NDArray[np.bool_], sensitivity: float
) -> float:
    """Return the largest threshold on P(level 1-2) by which score or rules find `sensitivity` of the urgent rows.

    Infinite where the rules alone find them.
    """
    missed_by_rules = np.sort(score[urgent & ~rules])[::-1]
    needed = int(np.ceil(sensitivity * urgent.sum() - 1e-9)) - int((urgent & rules).sum())
    return float(missed_by_rules[needed - 1]) if needed > 0 else float("inf")


def price(flagged: NDArray[np.bool_], urgent: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the shares of the urgent and of the other rows that are flagged."""
    return float(flagged[urgent].mean()), float(flagged[~urgent].mean())
