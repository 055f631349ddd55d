from dataclasses import astuple

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from streams.text import vital_signs
from tests.unit.trainer.tiny import row
from trainer.evaluation.intervals import resampled, resampled_area, share, wilson
from trainer.evaluation.performance import two_level_under_triage
from trainer.evaluation.rivals import news2_level
from trainer.evaluation.sections import Table, shown


def test_wilson_intervals_are_those_of_the_formula() -> None:
    z, p, n = 1.959964, 0.8, 10
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    figure = wilson(8, 10)
    assert (figure.value, figure.n) == (0.8, 10)
    assert (figure.low, figure.high) == pytest.approx((middle - half, middle + half), abs=1e-5)


def test_a_share_of_nothing_is_undefined_and_shown_as_such() -> None:
    figure = share(np.array([True]), np.array([False]))
    assert np.isnan(figure.value)
    assert shown(figure) == "-"
    assert Table("t", ("a",), ((figure,),)).document()["rows"][0][0]["value"] is None


def test_resampling_whole_clusters_is_wider_than_resampling_rows() -> None:
    hit = np.repeat([1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0], 25)
    rows = resampled(lambda at: float(hit[at].mean()), range(len(hit)), seed=1)
    clusters = resampled(lambda at: float(hit[at].mean()), np.repeat(range(8), 25).tolist(), seed=1)
    assert rows.value == clusters.value == 0.5
    assert clusters.high - clusters.low > 2 * (rows.high - rows.low)


def test_an_area_over_resamples_is_that_of_the_resampled_rows() -> None:
    rng = np.random.default_rng(5)
    score, positive, groups = (
        rng.random(80).round(2),
        rng.random(80) < 0.3,
        rng.integers(30, size=80).tolist(),
    )
    slow = resampled(lambda at: float(roc_auc_score(positive[at], score[at])), groups, seed=2)
    assert astuple(resampled_area(score, positive, groups, seed=2)) == pytest.approx(astuple(slow), abs=1e-12)


def test_two_levels_of_under_triage_count_and_one_does_not() -> None:
    matrix = np.zeros((5, 5))
    matrix[0, 1], matrix[0, 2], matrix[1, 4], matrix[3, 0] = 4, 3, 2, 1
    assert float(two_level_under_triage(matrix)) == pytest.approx(0.5)


def test_news2_alone_answers_by_its_response_thresholds() -> None:
    rows = [
        row("a", heart_rate_bpm=135, respiratory_rate_bpm=26, spo2_percent=90),
        row("b", heart_rate_bpm=135),
        row("c", heart_rate_bpm=95),
        row("d", heart_rate_bpm=80),
        row("not measured"),
    ]
    assert (news2_level(rows) + 1).tolist() == [2, 3, 4, 5, 5]


def test_vital_signs_come_back_from_their_vector() -> None:
    signs = vital_signs(
        row("a", spo2_percent=91, temperature_c=39.1, consciousness=2, supplemental_oxygen=1).vitals
    )
    assert signs.temperature_c == 39.1
    assert (signs.spo2_percent, signs.supplemental_oxygen, signs.heart_rate_bpm) == (91.0, True, None)
    assert signs.consciousness is not None
    assert signs.consciousness.value == "voice"


def test_a_row_of_another_width_is_refused() -> None:
    with pytest.raises(ValueError, match="not as wide"):
        Table("t", ("a", "b"), ((1,),))
