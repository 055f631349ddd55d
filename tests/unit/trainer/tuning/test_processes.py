"""Two processes on one machine share the rows and agree on the weights."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.unit.trainer.tuning.small import small_model
from tests.unit.trainer.tuning.two_processes import TOGETHER

Results = list[dict[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("processes")
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.trainer.tuning.two_processes", str(folder)],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[4],
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in (0, 1)]


@pytest.mark.parametrize("name", TOGETHER)
def test_two_processes_end_with_the_same_weights_and_one_of_them_reports(name: str, results: Results) -> None:
    first, second = (of_process[name] for of_process in results)
    assert first["processes"] == second["processes"] == 2
    assert first["figures"] == second["figures"]
    assert (first["reported"], second["reported"]) == ([1, 2], [])
    for key, weight in first["weights"].items():
        assert torch.equal(weight, second["weights"][key]), key
    assert not torch.equal(first["weights"]["diagnosis_head.weight"], small_model().diagnosis_head.weight)
