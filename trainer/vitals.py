"""Vital signs as additive evidence of urgency, inside the model's graph.

Each field contributes on its own: hinges grow with the distance from the normal range (their slopes learned,
never negative, so a worse value never lowers urgency), and a reassurance, also learned and never negative, is taken
off where the field was measured. An absent field contributes exactly 0: no value is imputed, and not measuring can
never make a patient look less urgent than a normal measurement would.

Hinges open where NEWS2 gives points (Royal College of Physicians, 2017). Heart and respiratory rate of children are
first scaled by the median of their age (Fleming et al., Lancet 377, 2011) to an adult's; the systolic pressure of
children is shifted by the hypotension line of PALS (70 + 2 x age mmHg from 1 to 10 years).
Sex is part of the input but gets no weight: exchanging it changes no urgency.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from streams.text import VITALS_FIELDS

__all__ = ["HINGES", "Hinge", "VitalsEvidence"]


@dataclass(frozen=True, slots=True)
class Hinge:
    """Evidence that grows linearly beyond `knot`, in units of `scale`; `side` +1 above it, -1 below it."""

    field: str
    knot: float
    scale: float
    side: int


def _hinges(
    field: str, scale: float, below: tuple[float, ...] = (), above: tuple[float, ...] = ()
) -> list[Hinge]:
    return [Hinge(field, knot, scale, -1) for knot in below] + [
        Hinge(field, knot, scale, 1) for knot in above
    ]


HINGES: tuple[Hinge, ...] = (
    *_hinges("age_years", 10.0, below=(5.0, 0.5), above=(50.0, 70.0)),
    *_hinges("pregnant", 1.0, above=(0.0,)),
    *_hinges("heart_rate_bpm", 10.0, below=(51.0, 41.0), above=(90.0, 110.0, 130.0)),
    *_hinges("respiratory_rate_bpm", 4.0, below=(12.0, 9.0), above=(20.0, 24.0)),
    *_hinges("systolic_bp_mmhg", 10.0, below=(110.0, 100.0, 90.0), above=(160.0, 180.0, 219.0)),
    *_hinges("diastolic_bp_mmhg", 10.0, below=(60.0, 50.0), above=(100.0, 120.0)),
    *_hinges("temperature_c", 0.5, below=(36.0, 35.0), above=(38.0, 39.0)),
    *_hinges("spo2_percent", 2.0, below=(96.0, 94.0, 92.0)),
    *_hinges("supplemental_oxygen", 1.0, above=(0.0,)),
    *_hinges("pain_score", 3.0, above=(3.0, 6.0)),
    *_hinges("consciousness", 1.0, above=(0.0, 1.0, 3.0)),
)

_ADULT_FROM_YEARS = 18.0
_HEART_RATE_MEDIANS = ((0.0, 140.0), (1.0, 123.0), (2.0, 113.0), (5.0, 98.0), (10.0, 84.0), (18.0, 73.0))
_RESPIRATORY_RATE_MEDIANS = ((0.0, 43.0), (1.0, 35.0), (2.0, 29.0), (5.0, 23.0), (10.0, 19.0), (18.0, 16.0))
_LARGEST_HINGE = 8.0
_NO_REASSURANCE = ("age_years", "sex_female", "pregnant", "supplemental_oxygen")


class VitalsEvidence(nn.Module):
    """Maps vitals [b, v] in clinical units, NaN where absent, to contributions [b, v] to the urgency score."""

    def __init__(self) -> None:
        super().__init__()
        column = [VITALS_FIELDS.index(hinge.field) for hinge in HINGES]
        self.column: Tensor
        self.register_buffer("column", torch.tensor(column))
        self.knot: Tensor
        self.register_buffer("knot", torch.tensor([hinge.knot for hinge in HINGES]))
        self.side_per_unit: Tensor
        self.register_buffer("side_per_unit", torch.tensor([hinge.side / hinge.scale for hinge in HINGES]))
        self.into_field: Tensor
        self.register_buffer(
            "into_field", nn.functional.one_hot(torch.tensor(column), len(VITALS_FIELDS)).float()
        )
        self.reassures: Tensor
        self.register_buffer(
            "reassures", torch.tensor([0.0 if field in _NO_REASSURANCE else 1.0 for field in VITALS_FIELDS])
        )
        # softplus keeps slopes and reassurances from ever turning negative; they start small.
        self.raw_slope = nn.Parameter(torch.full((len(HINGES),), -2.0))
        self.raw_reassurance = nn.Parameter(torch.full((len(VITALS_FIELDS),), -3.0))

    def forward(self, vitals: Tensor) -> Tensor:
        known = 1.0 - torch.isnan(vitals).float()
        adult_like = _as_of_adult(torch.where(torch.isnan(vitals), torch.zeros_like(vitals), vitals), known)
        beyond = (adult_like.index_select(1, self.column) - self.knot) * self.side_per_unit
        hinges = beyond.clamp(0.0, _LARGEST_HINGE) * known.index_select(1, self.column)
        raised = (hinges * softplus(self.raw_slope)) @ self.into_field
        return raised - known * self.reassures * softplus(self.raw_reassurance)


def _as_of_adult(vitals: Tensor, known: Tensor) -> Tensor:
    """Scale a child's rates and shift its systolic pressure; an unknown age counts as an adult's."""
    years = torch.where(
        known[:, 0] > 0,
        vitals[:, 0].clamp(0.0, _ADULT_FROM_YEARS),
        torch.full_like(vitals[:, 0], _ADULT_FROM_YEARS),
    )
    columns = list(vitals.unbind(dim=1))
    rate, breaths, systolic = map(
        VITALS_FIELDS.index, ("heart_rate_bpm", "respiratory_rate_bpm", "systolic_bp_mmhg")
    )
    columns[rate] = columns[rate] * _HEART_RATE_MEDIANS[-1][1] / _interpolate(years, _HEART_RATE_MEDIANS)
    columns[breaths] = (
        columns[breaths] * _RESPIRATORY_RATE_MEDIANS[-1][1] / _interpolate(years, _RESPIRATORY_RATE_MEDIANS)
    )
    columns[systolic] = columns[systolic] + 2.0 * (10.0 - years.clamp(1.0, 10.0))
    return torch.stack(columns, dim=1)


def _interpolate(years: Tensor, medians: tuple[tuple[float, float], ...]) -> Tensor:
    """Piecewise linear between the points (years, median), as a sum of hinges."""
    value = torch.full_like(years, medians[0][1])
    slope = 0.0
    for (x, y), (next_x, next_y) in pairwise(medians):
        bend = (next_y - y) / (next_x - x) - slope
        value = value + bend * (years - x).clamp(min=0.0)
        slope += bend
    return value
