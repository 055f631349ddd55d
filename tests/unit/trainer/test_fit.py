"""Temperatures after a round: what few labels may move, and what they may not."""

from collections.abc import Sequence
from typing import cast

import numpy as np
import pytest

from tests.unit.trainer.tiny import row
from trainer.data.rows import Row
from trainer.evaluate import Calibrated
from trainer.fit import fit, refit_temperatures
from trainer.served import Answers, ServedGraph

BEFORE = Calibrated(diagnosis_temperature=1.5, urgency_temperature=1.1, urgency_plausible_from=0.14)


class Graph:
    """Answers every row alike: label 0 and level 1, with logits of this size."""

    def __init__(self, size: float) -> None:
        self.size = size
        self.asked: list[int] = []

    def ask(self, rows: Sequence[Row], *, title: str) -> Answers:
        self.asked.append(len(rows))
        logits = np.zeros((len(rows), 5), np.float32)
        logits[:, 0] = self.size
        return Answers(logits, logits, np.zeros((len(rows), 4), np.float32))


def rows(count: int, wrong: int, *, level: bool = True) -> list[Row]:
    return [
        row(
            f"{number}",
            diagnosis="cancer" if number < wrong else "normal",
            urgency_level=(2 if number < wrong else 1) if level else None,
        )
        for number in range(count)
    ]


def refitted(graph: Graph, held_back: Sequence[Row], learned: Sequence[Row] = ()) -> Calibrated:
    return refit_temperatures(cast(ServedGraph, graph), held_back, learned, BEFORE)


@pytest.mark.parametrize("count", [50, 400])
def test_clear_cases_never_make_levels_surer(count: int) -> None:
    after = refitted(Graph(size=1.0), rows(count, wrong=0))
    assert after.urgency_temperature == BEFORE.urgency_temperature
    assert after.diagnosis_temperature < 1.0


def test_many_levels_that_were_said_too_surely_make_them_less_sure() -> None:
    held_back = rows(400, wrong=200)
    assert refitted(Graph(size=4.0), held_back).urgency_temperature > 2.0
    assert refitted(Graph(size=4.0), held_back[150:350]).urgency_temperature == BEFORE.urgency_temperature


def test_rows_that_were_learned_count_for_diagnoses_alone() -> None:
    graph = Graph(size=4.0)
    after = refitted(graph, rows(10, wrong=5), learned=rows(400, wrong=200))
    assert after.diagnosis_temperature > 2.0
    assert after.urgency_temperature == BEFORE.urgency_temperature
    assert graph.asked == [410]
    assert refitted(Graph(size=4.0), rows(10, wrong=5)) == BEFORE


def test_rows_that_the_head_hardly_follows_count_beside_those_held_back() -> None:
    graph = cast(ServedGraph, Graph(size=4.0))
    alone = refit_temperatures(graph, rows(48, wrong=24), (), BEFORE)
    beside = refit_temperatures(graph, rows(48, wrong=24), (), BEFORE, beside=rows(400, wrong=40))
    assert beside.diagnosis_temperature < alone.diagnosis_temperature / 2
    assert beside.urgency_temperature == BEFORE.urgency_temperature


def test_a_label_that_is_likelier_wrong_than_right_is_withheld_however_good_the_calibration_rows() -> None:
    assert fit(cast(ServedGraph, Graph(size=4.0)), rows(400, wrong=0)).diagnosis_abstain_below == 0.5
    assert fit(cast(ServedGraph, Graph(size=4.0)), rows(400, wrong=200)).diagnosis_abstain_below > 0.5
