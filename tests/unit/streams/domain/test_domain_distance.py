from pathlib import Path

import numpy as np
import pytest

from streams.adapters.model_bundle import read_domain
from streams.domain.domain_distance import DomainStatistics
from trainer.bundle import write_domain

MEAN = np.array([[0.0, 0.0, 0.0], [4.0, 0.0, 0.0]], np.float32)
WHITENING = np.diag([1.0, 0.5, 1.0]).astype(np.float32)
BEFORE = DomainStatistics(MEAN, WHITENING)
NOW = DomainStatistics(
    MEAN, WHITENING, centre=np.zeros(3, np.float32), directions=np.eye(3, dtype=np.float32)[:, :2]
)


def test_the_distance_is_what_the_directions_of_the_training_data_leave_over() -> None:
    assert NOW.distance(np.array([3.0, 4.0, 0.0], np.float32)) == pytest.approx(0.0, abs=1e-3)
    assert NOW.distance(np.array([0.0, 3.0, 4.0], np.float32)) == pytest.approx(0.8)


def test_the_length_of_an_embedding_does_not_count() -> None:
    short, long = (NOW.distance(np.array([0.0, 3.0, 4.0], np.float32) * times) for times in (0.01, 100.0))
    assert short == pytest.approx(long)


def test_an_embedding_of_nothing_has_a_distance() -> None:
    assert NOW.distance(np.zeros(3, np.float32)) == 0.0


def test_a_version_made_before_there_were_directions_keeps_its_distance() -> None:
    assert BEFORE.distance(np.array([4.0, 6.0, 0.0], np.float32)) == pytest.approx(3.0)


@pytest.mark.parametrize("statistics", [BEFORE, NOW], ids=["before", "now"])
def test_what_a_folder_holds_reads_back(statistics: DomainStatistics, tmp_path: Path) -> None:
    write_domain(statistics, tmp_path)
    read = read_domain(tmp_path)
    assert (read.directions is None) == (statistics.directions is None)
    vector = np.array([1.0, 2.0, 3.0], np.float32)
    assert read.distance(vector) == statistics.distance(vector)
