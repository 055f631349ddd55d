from pathlib import Path
from typing import Any

import pytest

from ops.bench.compress import mark_front, unseen_rows
from ops.bench.processes import BenchmarkFailed
from trainer.data.dataset import write_dataset
from trainer.data.importing import write_corpus
from trainer.metrics import Figure
from trainer.runs import DataUsed


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


def _trained_on(source: str) -> DataUsed:
    return DataUsed(name="wards", sha256="cd" * 32, rows={"train": {source: 9}, "test": {"corpus": 3}})


def test_rows_of_a_source_that_the_run_trained_on_are_not_unseen(tmp_path: Path) -> None:
    dataset = write_corpus("corpus", 40, seed=1)
    write_dataset(dataset, tmp_path / "data")
    unseen = unseen_rows(tmp_path / "data", _trained_on("ktas"))
    assert [row.text for row in unseen] == [row.text for row in dataset.splits.test]
    with pytest.raises(BenchmarkFailed, match="data: the run trained on corpus"):
        unseen_rows(tmp_path / "data", _trained_on("corpus"))
