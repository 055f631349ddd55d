"""The stack that is broken runs what is checked, on models of its own."""

from pathlib import Path

from ops.chaos.under_test import PROXY, STAGES, stack_under_test
from ops.cli.stack import stack_config


def test_two_workers_a_checked_stage_read_the_repository_that_is_swapped(tmp_path: Path) -> None:
    config = stack_under_test(stack_config(tmp_path / "data"), tmp_path)
    workers = [worker for worker in config.workers if worker.name != PROXY]
    assert [worker.name for worker in workers] == ["admit_1", "admit_2", "assess_1", "assess_2"]
    assert {worker.env["TRIAGE_STAGE"] for worker in workers} == set(STAGES)
    assert {worker.env["TRIAGE_MODEL_REPOSITORY"] for worker in workers} == {str(config.model_repository)}
    assert config.model_repository == tmp_path / "models"
