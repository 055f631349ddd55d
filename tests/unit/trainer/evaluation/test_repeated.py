"""Figures of several seeds: means, intervals over clusters and seeds, paired differences."""

import numpy as np
import pytest

from trainer.evaluation.repeated import Resampling
from trainer.metrics import macro_f1

TRUTH = np.tile([0, 1], 100)
RIGHT, WRONG = TRUTH.copy(), 1 - TRUTH
HALF = np.where(np.arange(200) < 100, TRUTH, 1 - TRUTH)


def resampling(groups: object = None) -> Resampling:
    return Resampling(TRUTH, list(range(200)) if groups is None else list(groups), classes=2)  # type: ignore[call-overload]


def test_the_value_is_the_mean_over_seeds_and_seeds_widen_the_interval() -> None:
    steady = resampling().figure([HALF, HALF], macro_f1)
    scattered = resampling().figure([RIGHT, WRONG], macro_f1)
    assert steady.value == scattered.value == pytest.approx(0.5)
    assert (scattered.low, scattered.high) == (0.0, 1.0)
    assert steady.high - steady.low < 0.2


def test_rows_of_one_cluster_count_together() -> None:
    rows, clusters = resampling(), resampling(np.repeat(range(4), 50))
    of_rows, of_clusters = rows.figure([HALF], macro_f1), clusters.figure([HALF], macro_f1)
    assert of_clusters.high - of_clusters.low > 2 * (of_rows.high - of_rows.low)


def test_a_system_differs_from_itself_by_nothing_and_a_paired_gap_is_tighter_than_its_parts() -> None:
    same = resampling().figure([HALF], macro_f1, minus=[HALF])
    assert (same.value, same.low, same.high) == (0.0, 0.0, 0.0)
    better = HALF.copy()
    better[100:104] = TRUTH[100:104]
    gap = resampling().figure([better], macro_f1, minus=[HALF])
    alone = resampling().figure([better], macro_f1)
    assert 0 <= gap.low < gap.value < gap.high
    assert gap.high - gap.low < 0.5 * (alone.high - alone.low)
