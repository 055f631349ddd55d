from collections import Counter

import numpy as np

from tests.unit.trainer.tiny import row
from trainer.continual.memory import SHARE, Memory

ROWS = [
    *[row(f"common {n}", diagnosis="normal") for n in range(380)],
    *[row(f"rare {n}", diagnosis="cancer") for n in range(20)],
    *[row(f"visit {n}", diagnosis=None, urgency_level=2) for n in range(100)],
]
EMBEDDING = np.random.default_rng(0).normal(size=(500, 4)).astype(np.float32)


def test_never_more_than_the_share_is_kept_and_no_class_is_crowded_out() -> None:
    memory = Memory()
    for part in (slice(0, 250), slice(250, 500)):
        memory = memory.after(ROWS[part], EMBEDDING[part], "reservoir", seed=1)
        assert len(memory.rows) <= SHARE * memory.seen
    assert memory.seen == 500
    kept = Counter((one.diagnosis, one.urgency_level) for one in memory.rows)
    assert set(kept) == {("normal", None), ("cancer", None), (None, 2)}


def test_a_reservoir_does_not_depend_on_the_order_of_rows() -> None:
    one = Memory().after(ROWS, EMBEDDING, "reservoir", seed=1)
    other = Memory().after(ROWS[::-1], EMBEDDING[::-1], "reservoir", seed=2)
    assert {r.text for r in one.rows} == {r.text for r in other.rows}


def test_exemplars_are_near_the_middle_of_their_cluster() -> None:
    points = np.concatenate([np.zeros((1, 4)), np.full((99, 4), 0.1), np.full((100, 4), 9.0)])
    points[1:100] += np.random.default_rng(2).normal(size=(99, 4))
    rows = [row(f"text {n}") for n in range(200)]
    memory = Memory().after(rows, points.astype(np.float32), "exemplars", seed=1)
    assert len(memory.rows) == 2
    assert any(int(one.text.split()[1]) >= 100 for one in memory.rows)


def test_nothing_is_kept_where_nothing_is_replayed() -> None:
    memory = Memory().after(ROWS, EMBEDDING, "none", seed=1)
    assert (memory.rows, memory.seen, memory.repeated(100)) == ((), 500, [])


def test_kept_rows_are_shown_about_half_as_often_as_new_ones() -> None:
    assert len(Memory(tuple(ROWS[:5]), 500).repeated(100)) == 50
