import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from trainer.continual.benchmark.figures import Course, interval
from trainer.continual.benchmark.rounds import LABELS, Round, make_rounds, read_pool

DATA = Path(os.environ.get("TRIAGE_DATA", "../shared/data"))
NAN = float("nan")


def test_figures_follow_from_the_scores() -> None:
    course = Course(
        score=np.array([[80.0, 10.0, 0.0], [70.0, 60.0, 20.0], [76.0, 57.0, 90.0]]),
        taught_in=np.array([0, 1, 2]),
    )
    assert course.forgetting.tolist() == [4.0, 3.0, 0.0]
    assert (course.mean_forgetting, course.worst_forgetting) == (3.5, 4.0)
    assert course.forward_transfer == (0.0 + 20.0) / 2
    assert course.average == pytest.approx(74.33, abs=0.01)


def test_a_test_that_was_not_judged_in_between_changes_no_figure() -> None:
    course = Course(np.array([[80.0, 10.0], [NAN, 60.0], [70.0, 60.0]]), np.array([0, 1]))
    assert course.mean_forgetting == 5.0


def test_one_seed_has_no_interval() -> None:
    assert interval([3.0]) == {"value": 3.0, "low": None, "high": None}
    several = interval([1.0, 2.0, 3.0])
    assert several["value"] == 2.0
    assert several["low"] == pytest.approx(2.0 - 4.303 / 3**0.5, abs=0.001)


@pytest.fixture(scope="module")
def rounds() -> list[Round]:
    if not DATA.is_dir():
        pytest.skip("no development data")
    return make_rounds(read_pool(DATA), seed=11)


def test_no_text_or_cluster_is_taught_and_tested(rounds: Sequence[Round]) -> None:
    taught = {row.group for one in rounds for row in one.rows}
    tested = {row.group for one in rounds for test in one.tests for row in test.rows}
    assert not taught & tested
    assert len(rounds) - 1 >= 10


def test_rounds_bring_new_classes_sources_and_wording(rounds: Sequence[Round]) -> None:
    seen: set[str | None] = set()
    for one in rounds:
        labels = {row.diagnosis for row in one.rows} - {None}
        if one.kind == "new classes":
            assert not labels & seen
        if one.kind == "shifted wording":
            assert labels <= seen
        seen |= labels
    assert seen == set(LABELS)
    texts = [row.text for one in rounds for row in one.rows if row.diagnosis is not None]
    assert len(set(texts)) > 0.95 * len(texts)
