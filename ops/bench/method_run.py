"""One method with one seed, in a process of its own: `python -m ops.bench.method_run JOB_FILE RESULT_FILE`.

The result holds what the model answered to each test row and what training it cost; no text of a row.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from trainer.data.dataset import read_dataset
from trainer.data.rows import Row, labelled
from trainer.served import Answers
from trainer.trial import run_trial
from trainer.tuning.config import TrainConfig
from trainer.tuning.validate import answer

__all__ = ["Job", "Outcome", "TestSet", "judged_sets"]

TestSet = tuple[str, str]
"""A source and a task."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Job(_Part):
    """What to train. `data`: a dataset's folder; `config`: complete, its seed included."""

    data: str
    config: TrainConfig


class Outcome(_Part):
    """`answers`: by "source/task", the index of the most probable label of each row with one, in their order.

    `trained_parameters`, `minutes`, `peak_memory_mb` are None for what has none.
    """

    answers: dict[str, tuple[int, ...]]
    trained_parameters: int | None
    minutes: float | None
    cpu_minutes: float
    peak_memory_mb: float | None

    def to(self, test_set: TestSet) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Return the answers [k] to one test set."""
        return np.array(self.answers["/".join(test_set)], dtype=np.int64)


def judged_sets(rows: Sequence[Row]) -> Mapping[TestSet, list[Row]]:
    """Return the rows of each source that carry a label, by source and task; a task needs two different labels."""
    found: dict[TestSet, list[Row]] = {}
    for source in sorted({row.source for row in rows}):
        for task in ("diagnosis", "urgency"):
            known, truth = labelled([row for row in rows if row.source == source], task)
            if len(set(truth.tolist())) > 1:
                found[(source, task)] = known
    return found


def main(arguments: Sequence[str]) -> int:
    """Do the job."""
    job = Job.model_validate_json(Path(arguments[0]).read_bytes())
    splits = read_dataset(Path(job.data)).splits
    validation = splits.calibration if job.config.early_stopping is not None else ()
    trial = run_trial(job.config, splits.train, validation, title=job.config.method.kind)
    outcome = Outcome(
        answers={
            "/".join(key): _chosen(answer(trial.model, rows, trial.windower), key[1])
            for key, rows in judged_sets(splits.test).items()
        },
        trained_parameters=trial.trained.trainable_parameters,
        minutes=trial.cost.minutes,
        cpu_minutes=trial.cost.cpu_minutes,
        peak_memory_mb=trial.cost.peak_memory_mb,
    )
    Path(arguments[1]).write_text(outcome.model_dump_json(), encoding="utf-8")
    return 0


def _chosen(answers: Answers, task: str) -> tuple[int, ...]:
    logits = answers.diagnosis_logits if task == "diagnosis" else answers.urgency_logits
    return tuple(logits.argmax(axis=1).tolist())


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
