"""Medians, percentiles and rates say what was measured."""

import pytest

from ops.bench.figures import Latency, Spread, percentile, rate_per_s, ratio


@pytest.mark.parametrize(("percent", "expected"), [(50, 50), (99, 99), (100, 100), (1, 1)])
def test_a_percentile_is_a_value_that_was_measured(percent: float, expected: float) -> None:
    assert percentile(list(range(100, 0, -1)), percent) == expected


def test_the_99th_percentile_of_few_values_is_the_largest() -> None:
    assert percentile([3.0, 1.0, 2.0], 99) == 3.0


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_a_rate_leaves_the_warm_up_out() -> None:
    slow_start = [0] + [10_000 + number * 10 for number in range(10)]
    assert rate_per_s(slow_start, warm_up_share=0.1) == pytest.approx(100.0)


def test_a_rate_counts_to_the_last_output_also_where_most_came_early() -> None:
    assert rate_per_s([0, 0, 0, 0, 2_000], warm_up_share=0.0) == pytest.approx(2.0)


def test_outputs_of_one_moment_have_no_rate() -> None:
    with pytest.raises(ValueError, match="too few"):
        rate_per_s([5, 5, 5])


def test_a_ratio_compares_the_sides_of_each_round() -> None:
    assert ratio([10.0, 30.0, 20.0], [5.0, 10.0, 20.0]) == 2.0


def test_a_side_that_was_not_measured_has_no_ratio() -> None:
    assert ratio([10.0], []) is None


def test_a_spread_tells_the_extremes_beside_the_median() -> None:
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(median=2.0, lowest=1.0, highest=3.0, rounds=3)


def test_a_latency_tells_how_many_messages_it_rests_on() -> None:
    assert Latency.of([4.0, 2.0]) == Latency(p50_ms=2.0, p99_ms=4.0, max_ms=4.0, messages=2)
