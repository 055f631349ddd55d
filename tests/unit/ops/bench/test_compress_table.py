from typing import Any

from ops.bench.compress import mark_front
from trainer.metrics import Figure


def version(f1: float, ratio: float, graph_mb: float) -> dict[str, Any]:
    return {"macro_f1": Figure(f1, f1, f1, 9), "qwk": None, "ratio": ratio, "graph_mb": graph_mb}


def test_the_front_holds_what_nothing_beats_in_all_three() -> None:
    exact, fast, small, beaten = (
        version(0.9, 2.0, 90.0),
        version(0.8, 9.0, 25.0),
        version(0.7, 8.0, 12.0),
        version(0.8, 8.0, 25.0),
    )
    versions = [exact, fast, small, beaten]
    mark_front(versions)
    assert [one["on_front"] for one in versions] == [True, True, True, False]


def test_equals_are_both_on_the_front() -> None:
    twins = [version(0.8, 9.0, 25.0), version(0.8, 9.0, 25.0)]
    mark_front(twins)
    assert all(one["on_front"] for one in twins)
