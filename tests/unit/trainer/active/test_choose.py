import numpy as np

from trainer.active.benchmark import LabellingPlan, Task, labels_needed
from trainer.active.choose import Candidates, choose

SURE, TORN = [0.98, 0.02], [0.52, 0.48]


def candidates(points: list[list[float]], p: list[list[float]], urgent: list[float]) -> Candidates:
    return Candidates(np.array(points, np.float32), np.array(p), np.array(urgent))


def test_what_the_model_is_torn_about_comes_first() -> None:
    found = candidates([[1, 0], [0, 1], [-1, 0]], [SURE, TORN, SURE], [0.1, 0.1, 0.1])
    assert choose(found, 1) == [1]


def test_of_two_that_are_alike_only_one_is_chosen_early() -> None:
    found = candidates([[1, 0], [1.01, 0], [0, 1]], [TORN, TORN, [0.6, 0.4]], [0.0, 0.0, 0.0])
    assert set(choose(found, 2)) in ({0, 2}, {1, 2})
    assert set(choose(found, 2, by="uncertainty")) == {0, 1}


def test_what_was_looked_at_already_is_not_asked_again() -> None:
    found = candidates([[1, 0], [0, 1]], [TORN, TORN], [0.0, 0.0])
    assert choose(found, 1, looked_at=np.array([[1, 0]], np.float32)) == [1]


def test_the_urgent_one_of_two_equals_comes_first() -> None:
    found = candidates([[1, 0], [-1, 0]], [TORN, TORN], [0.0, 0.9])
    assert choose(found, 2) == [1, 0]
    assert choose(found, 9, by="uncertainty and diversity") == [0, 1]


def test_choosing_needs_fewer_labels_than_chance_where_classes_are_uneven() -> None:
    rng = np.random.default_rng(0)
    truth = np.repeat(np.arange(6), [200, 60, 30, 20, 20, 20])
    points = (rng.normal(size=(350, 8)) + 4.0 * np.eye(8)[truth]).astype(np.float32)
    task = Task("made", points, 8, truth, np.arange(350), is_uneven=False, urgent_below=0)
    plan = LabellingPlan(target=0.97, most_labels=200)
    by_way = {
        way: np.mean([labels_needed(task, way, plan, seed=seed)[0] for seed in range(4)])
        for way in ("random", "all")
    }
    assert by_way["all"] < by_way["random"]
