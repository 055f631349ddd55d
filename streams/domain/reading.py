"""What the model read in one message: its windows combined into one calibrated answer.

Text longer than the model's window comes in overlapping windows. Urgency is taken from the most urgent one;
the diagnosis averages over all, weighted by their tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas import Contribution, VitalContribution
from streams.domain.acuity import most_urgent_plausible
from streams.domain.calibration import calibrated_probabilities
from streams.domain.domain_distance import DomainStatistics
from streams.domain.profile import ModelProfile
from streams.ports import ModelAnswer
from streams.text import EncodedWindow

__all__ = ["ModelReading", "read_windows"]

_MAX_CONTRIBUTIONS = 16


@dataclass(frozen=True, slots=True)
class ModelReading:
    """Calibrated probabilities and additive attributions for one message.

    `urgency_level` is the most probable level of the most urgent window, `plausible_level` its most urgent
    plausible one. Contributions are in logits, largest first.
    """

    diagnosis_probabilities: dict[str, float]
    urgency_probabilities: tuple[float, ...]
    urgency_level: int
    plausible_level: int
    domain_distance: float
    diagnosis_attribution: tuple[Contribution, ...]
    urgency_attribution: tuple[Contribution, ...]
    vitals_attribution: tuple[VitalContribution, ...]


def read_windows(
    profile: ModelProfile,
    domain: DomainStatistics,
    windows: Sequence[EncodedWindow],
    answers: Sequence[ModelAnswer],
) -> ModelReading:
    """Combine the answers to all windows of one message (at least one)."""
    diagnosis = calibrated_probabilities(
        np.stack([answer.diagnosis_logits for answer in answers]), profile.diagnosis_temperature
    )
    urgency = calibrated_probabilities(
        np.stack([answer.urgency_logits for answer in answers]), profile.urgency_temperature
    )
    token_counts = np.array([len(window.input_ids) for window in windows], dtype=np.float64)
    combined = (diagnosis * token_counts[:, None]).sum(axis=0) / token_counts.sum()
    winner = int(combined.argmax())
    telling = int(diagnosis[:, winner].argmax())
    plausible_from = profile.thresholds.urgency_plausible_from
    plausible = [most_urgent_plausible(row.tolist(), plausible_from) for row in urgency]
    most_urgent = min(range(len(urgency)), key=lambda i: (plausible[i], *(-urgency[i].cumsum()).tolist()))
    level = int(urgency[most_urgent].argmax()) + 1
    return ModelReading(
        diagnosis_probabilities=dict(zip(profile.labels, _rounded(combined), strict=True)),
        urgency_probabilities=_rounded(urgency[most_urgent]),
        urgency_level=level,
        plausible_level=min(level, plausible[most_urgent]),
        domain_distance=max(domain.distance(answers[i].embedding) for i in {most_urgent, telling}),
        diagnosis_attribution=_contributions(windows[telling], answers[telling].diagnosis_attribution),
        urgency_attribution=_contributions(windows[most_urgent], answers[most_urgent].urgency_attribution),
        vitals_attribution=_vital_contributions(profile, answers[most_urgent].vitals_attribution),
    )


def _rounded(probabilities: NDArray[np.float64]) -> tuple[float, ...]:
    """Six decimals: beyond them float32 logits say nothing, and events stay small."""
    return tuple(round(min(max(p, 0.0), 1.0), 6) for p in probabilities.tolist())


def _contributions(window: EncodedWindow, values: NDArray[np.float32]) -> tuple[Contribution, ...]:
    """Return the largest contributions of text tokens; special tokens have no span and are left out."""
    largest_first = (-np.abs(values)).argsort(kind="stable").tolist()
    spans = [index for index in largest_first if window.offsets[index][1] > window.offsets[index][0]]
    return tuple(
        Contribution(
            start=window.offsets[index][0],
            end=window.offsets[index][1],
            contribution=round(float(values[index]), 5),
        )
        for index in spans[:_MAX_CONTRIBUTIONS]
    )


def _vital_contributions(profile: ModelProfile, values: NDArray[np.float32]) -> tuple[VitalContribution, ...]:
    named = [
        VitalContribution(field=field, contribution=round(value, 5))
        for field, value in zip(profile.vitals_fields, values.tolist(), strict=True)
        if value != 0.0
    ]
    return tuple(sorted(named, key=lambda item: -abs(item.contribution)))
