import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.trainer.tiny import row
from trainer import calibrate

RNG = np.random.default_rng(0)
TRUTH = RNG.integers(0, 5, size=2000)
ALIKE = np.ones(len(TRUTH))


def logits(confidence: float, signal: float = 1.0) -> NDArray[np.float32]:
    evidence = RNG.normal(size=(len(TRUTH), 5))
    evidence[np.arange(len(TRUTH)), TRUTH] += signal
    return (confidence * evidence).astype(np.float32)


@pytest.mark.parametrize("confidence", [0.3, 6.0])
def test_the_fitted_temperature_lowers_the_loss_of_wrong_confidence(confidence: float) -> None:
    given = logits(confidence)
    fitted = calibrate.fit_temperature(given, TRUTH, ALIKE)
    loss = calibrate.negative_log_likelihood
    assert loss(given, TRUTH, ALIKE, fitted) < loss(given, TRUTH, ALIKE, 1.0) - 0.01
    assert (fitted > 1.0) is (confidence > 1.0)


def test_each_source_weighs_alike() -> None:
    rows = [row("a", source="corpus"), row("b", source="corpus"), row("c", source="ktas")]
    assert calibrate.source_weights(rows).tolist() == [0.5, 0.5, 1.0]


def test_labels_given_from_the_abstention_threshold_are_right_as_often_as_wanted() -> None:
    p = calibrate.probabilities(logits(1.0, signal=2.5), 1.0)
    threshold = calibrate.abstain_below(p, TRUTH, ALIKE, wanted_accuracy=0.9)
    given = p.max(axis=1) >= threshold
    assert 0.9 <= (p.argmax(axis=1) == TRUTH)[given].mean() < 0.96


@pytest.mark.parametrize(("threshold", "level"), [(0.05, 0), (0.15, 1), (0.4, 2), (1.0, 4)])
def test_the_most_urgent_plausible_level_is_where_the_probabilities_reach_the_threshold(
    threshold: float, level: int
) -> None:
    p = np.array([[0.1, 0.2, 0.3, 0.3, 0.1]])
    assert calibrate.most_urgent_plausible(p, threshold).tolist() == [level]


def test_a_threshold_that_misses_few_urgent_rows_is_chosen_where_it_is_affordable() -> None:
    p = calibrate.probabilities(logits(3.0), 3.0)
    chosen, curve = calibrate.plausible_from(p, TRUTH, ALIKE, missed_at_most=0.05, raised_at_most=1.0)
    at = {point.threshold: point for point in curve}
    assert at[chosen].missed_urgent <= 0.05
    assert all(point.missed_urgent > 0.05 for point in curve if point.threshold > chosen)


def test_where_safety_is_not_affordable_the_limit_on_raised_rows_decides() -> None:
    p = np.full((len(TRUTH), 5), 0.2)
    chosen, _ = calibrate.plausible_from(p, TRUTH, ALIKE, missed_at_most=0.0, raised_at_most=0.0)
    assert (calibrate.most_urgent_plausible(p, chosen) >= 2).all()


def test_rows_of_the_domain_lie_nearer_than_foreign_ones() -> None:
    rows = [row("a", diagnosis="normal"), row("b", diagnosis="cancer"), row("c", diagnosis=None)] * 100
    centre = np.eye(8)[[0, 1, 2] * 100] * 9.0
    embedding = (centre + RNG.normal(size=centre.shape) * [2, 2, 2, 1, 0.1, 0.1, 0.1, 0.1]).astype(np.float32)
    statistics = calibrate.domain_statistics(rows, embedding)
    limit = calibrate.out_of_domain_above(statistics, embedding)
    assert statistics.mean.shape == (3, 8)
    assert statistics.directions is not None
    assert statistics.directions.shape == (8, 4)
    assert statistics.distance(np.eye(8, dtype=np.float32)[6] * 9.0) > limit
    assert statistics.distance(np.eye(8, dtype=np.float32)[1] * 9.0) < limit
    assert np.mean([statistics.distance(vector) > limit for vector in embedding]) == pytest.approx(0.01)
