"""From calibration rows to what turns logits into decisions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainer import calibrate
from trainer.data import corpus, visits
from trainer.data.rows import Row, labelled
from trainer.evaluate import Calibrated
from trainer.served import ServedGraph

__all__ = ["Fitted", "fit", "refit_temperatures"]

_WANTED_ACCURACY = 0.95
# A label that is likelier wrong than right is no answer, however well the calibration rows were answered.
_ABSTAIN_BELOW_AT_LEAST = 0.5
# Few urgent visits are in calibration, so a share of them missed there promises little: the allowance for false alarms,
# counted on many visits, is spent whole instead.
_MISSED_URGENT_AT_MOST, _RAISED_AT_MOST = 0.0, 0.35
_ENOUGH_DIAGNOSES, _ENOUGH_LEVELS = 30, 300


@dataclass(frozen=True, slots=True)
class Fitted:
    """Temperatures and thresholds, and the trade-off that the urgency threshold was chosen from."""

    calibrated: Calibrated
    diagnosis_abstain_below: float
    trade_off: tuple[calibrate.TradeOff, ...]


def fit(graph: ServedGraph, rows: Sequence[Row]) -> Fitted:
    """Fit on `rows`, each source counting alike; real visits alone decide the urgency threshold, if there are any."""
    temperature, abstain_below = _fit_diagnosis(graph, rows)
    triaged, levels = labelled(rows, "urgency")
    logits, weights = graph.ask(triaged, title="calibrate").urgency_logits, calibrate.source_weights(triaged)
    urgency_temperature = calibrate.fit_temperature(logits, levels, weights)
    real = np.array([row.source not in (corpus.SOURCE, visits.SOURCE) for row in triaged])
    decisive = real if real.any() else ~real
    plausible_from, trade_off = calibrate.plausible_from(
        calibrate.probabilities(logits, urgency_temperature)[decisive],
        levels[decisive],
        weights[decisive],
        missed_at_most=_MISSED_URGENT_AT_MOST,
        raised_at_most=_RAISED_AT_MOST,
    )
    return Fitted(Calibrated(temperature, urgency_temperature, plausible_from), abstain_below, trade_off)


def refit_temperatures(
    graph: ServedGraph,
    rows: Sequence[Row],
    learned: Sequence[Row],
    before: Calibrated,
    *,
    beside: Sequence[Row] = (),
) -> Calibrated:
    """Return `before` with the temperatures that held-back `rows` give, where these have enough labels.

    `beside`: rows that count as held back for diagnoses: a head held to the past hardly follows any one of them.

    Thresholds are probabilities chosen on far more rows than a round brings: they stay. The diagnosis head may be
    another one, so its temperature is fitted on the `learned` rows, too, where few are held back. That of urgency
    belongs to its threshold: a lower one would publish less urgent levels by the same threshold, on the word of one
    ward's clear cases. So it never falls, and few labels leave it as it is.
    """
    diagnosis, urgency = before.diagnosis_temperature, before.urgency_temperature
    for some in ([*rows, *beside], [*rows, *beside, *learned]):
        known, truth = labelled(some, "diagnosis")
        if len(known) >= _ENOUGH_DIAGNOSES:
            logits = graph.ask(known, title="calibrate").diagnosis_logits
            diagnosis = calibrate.fit_temperature(logits, truth, calibrate.source_weights(known))
            break
    triaged, levels = labelled(rows, "urgency")
    if len(triaged) >= _ENOUGH_LEVELS:
        logits = graph.ask(triaged, title="calibrate").urgency_logits
        urgency = max(urgency, calibrate.fit_temperature(logits, levels, calibrate.source_weights(triaged)))
    return Calibrated(diagnosis, urgency, before.urgency_plausible_from)


def _fit_diagnosis(graph: ServedGraph, rows: Sequence[Row]) -> tuple[float, float]:
    diagnosed, truth = labelled(rows, "diagnosis")
    logits, weights = (
        graph.ask(diagnosed, title="calibrate").diagnosis_logits,
        calibrate.source_weights(diagnosed),
    )
    temperature = calibrate.fit_temperature(logits, truth, weights)
    p = calibrate.probabilities(logits, temperature)
    enough = calibrate.abstain_below(p, truth, weights, wanted_accuracy=_WANTED_ACCURACY)
    return temperature, max(enough, _ABSTAIN_BELOW_AT_LEAST)
