import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, confusion_matrix, f1_score, roc_auc_score

from trainer import metrics

RNG = np.random.default_rng(1)
TRUTH = RNG.integers(0, 5, size=400)
ANSWER = np.clip(TRUTH + RNG.integers(-1, 3, size=400), 0, 4)
MATRIX = confusion_matrix(TRUTH, ANSWER).astype(float)


def test_macro_f1_and_kappa_agree_with_scikit_learn() -> None:
    assert metrics.macro_f1(MATRIX) == pytest.approx(f1_score(TRUTH, ANSWER, average="macro"))
    kappa = cohen_kappa_score(TRUTH, ANSWER, weights="quadratic")
    assert metrics.quadratic_weighted_kappa(MATRIX) == pytest.approx(kappa)


def test_under_and_over_triage_count_answers_on_their_side_of_the_truth() -> None:
    assert metrics.under_triage(MATRIX) == pytest.approx((ANSWER > TRUTH).mean())
    assert metrics.over_triage(MATRIX) == pytest.approx((ANSWER < TRUTH).mean())


def test_urgent_sensitivity_counts_levels_1_and_2_as_one() -> None:
    urgent = TRUTH < 2
    assert metrics.sensitivity_urgent(MATRIX) == pytest.approx((ANSWER[urgent] < 2).mean())


def test_missed_are_the_sick_that_are_called_normal_and_false_alarms_the_normal_that_are_called_sick() -> (
    None
):
    sick = TRUTH > 0
    assert metrics.sick_as_normal(MATRIX) == pytest.approx((ANSWER[sick] == 0).mean())
    assert metrics.others_called_sick(MATRIX) == pytest.approx((ANSWER[~sick] > 0).mean())
    none_sick = np.zeros((5, 5))
    none_sick[0, 0] = 3
    assert np.isnan(metrics.sick_as_normal(none_sick))


def test_macro_f1_ignores_classes_that_the_truth_lacks() -> None:
    matrix = np.zeros((5, 5))
    matrix[0, 0], matrix[1, 1], matrix[1, 4] = 5, 5, 5
    assert metrics.macro_f1(matrix) == pytest.approx((1.0 + 2 / 3) / 2)


def test_intervals_widen_when_rows_come_in_clusters() -> None:
    statistics = {"sensitivity": metrics.sensitivity_urgent}
    alone, together = (
        metrics.bootstrap(TRUTH, ANSWER, groups, statistics, classes=5, seed=1)["sensitivity"]
        for groups in (list(range(400)), (TRUTH * 10 + ANSWER).tolist())
    )
    assert alone.low < alone.value < alone.high
    assert together.high - together.low > alone.high - alone.low


def test_the_urgent_area_agrees_with_scikit_learn_and_needs_no_threshold() -> None:
    p = RNG.dirichlet(np.ones(5), size=400) + np.eye(5)[ANSWER]
    figure = metrics.urgent_auroc(p, TRUTH, list(range(400)), seed=1)
    assert figure.value == pytest.approx(roc_auc_score(TRUTH < 2, p[:, :2].sum(axis=1)))
    assert figure.low < figure.value < figure.high


def test_areas_agree_with_scikit_learn_on_weights_and_ties() -> None:
    score, positive = RNG.random(60).round(1), RNG.random(60) < 0.4
    weights = RNG.integers(0, 4, size=(5, 60)).astype(float)
    expected = [roc_auc_score(positive, score, sample_weight=row) for row in weights]
    assert metrics.areas(score, positive, weights) == pytest.approx(expected, abs=1e-12)


def test_an_area_is_undefined_where_one_side_weighs_nothing() -> None:
    score, positive = np.array([0.1, 0.2, 0.3]), np.array([False, True, False])
    found = metrics.areas(score, positive, np.array([[1.0, 1.0, 1.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]))
    assert found[0] == 0.5
    assert np.isnan(found[1:]).all()


def test_confident_and_right_half_the_time_is_half_a_calibration_error() -> None:
    p = np.tile([1.0, 0.0], (10, 1))
    assert metrics.expected_calibration_error(p, np.array([0, 1] * 5)) == pytest.approx(0.5)
