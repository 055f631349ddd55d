import numpy as np
import pytest
from scipy.stats import norm

from trainer.gate.paired import compare_scores, compare_shares, design_effect, tango, upper_bound
from trainer.metrics import macro_f1


def test_tango_gives_the_published_interval() -> None:
    # Airway hyper-responsiveness, 21 children: Fagerland, Lydersen, Laake, Statistics in Medicine 33, 2014, 2850
    assert upper_bound(7, 1, 21, 0.025) == pytest.approx(0.517, abs=5e-4)
    assert -upper_bound(1, 7, 21, 0.025) == pytest.approx(0.026, abs=5e-4)


def test_a_candidate_that_loses_everything_may_lose_everything() -> None:
    assert upper_bound(40, 0, 40, 0.05) == 1.0
    assert upper_bound(0, 40, 40, 0.05) < -0.8


def test_without_any_difference_it_is_the_test_of_one_share() -> None:
    assert float(tango(0, 0, 100, 0.02)) == pytest.approx(np.sqrt(100 * 0.02 / 0.98))


def test_the_level_is_held_at_the_margin() -> None:
    n, margin, differing = 300, 0.02, 0.10
    p = [(differing + margin) / 2, (differing - margin) / 2, 1 - differing]
    draws = np.random.default_rng(5).multinomial(n, p, size=20_000).astype(float)
    passed = tango(draws[:, 0], draws[:, 1], n, margin) >= norm.isf(0.05)
    assert passed.mean() == pytest.approx(0.05, abs=0.01)


def test_power_grows_with_rows_and_is_low_on_few() -> None:
    few, many = (
        compare_shares(np.ones(n, dtype=bool), np.ones(n, dtype=bool), range(n), margin=0.02, level=0.05)
        for n in (60, 1500)
    )
    assert few.power < 0.5 < 0.99 < many.power
    assert few.at_most > 0.02 > many.at_most


def test_copies_of_a_row_add_nothing() -> None:
    rng = np.random.default_rng(1)
    live, candidate = (rng.random(200) < 0.9 for _ in range(2))
    once = compare_shares(live, candidate, range(200), margin=0.02, level=0.05)
    copied = compare_shares(
        np.repeat(live, 5),
        np.repeat(candidate, 5),
        np.repeat(range(200), 5).tolist(),
        margin=0.02,
        level=0.05,
    )
    assert copied.effective_n == pytest.approx(once.effective_n, rel=0.02)
    assert copied.at_most == pytest.approx(once.at_most, rel=0.02)
    assert design_effect(np.zeros(1000), np.repeat(range(200), 5).tolist()) == 5


def test_a_rare_class_makes_a_macro_average_uncertain_even_where_nothing_differs() -> None:
    common, rare = np.repeat([0, 1], 400), np.repeat([0, 1], [797, 3])
    bounds = [
        compare_scores(t, t, t, range(800), macro_f1, classes=2, margin=0.02, level=0.05).at_most
        for t in (common, rare)
    ]
    assert bounds[0] < 0.005
    assert bounds[1] > 0.1
