"""One method with one seed, in a process of its own: `python -m ops.bench.method_run JOB_FILE RESULT_FILE`.

The result holds what the model answered to each test row and what training it cost; no text of a row. A job of several
members trains one after another, and its result is that of their ensemble and that of their soup.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random

import numpy as np
from pydantic import BaseModel, ConfigDict

from trainer.data.dataset import read_dataset
from trainer.data.errors import NothingToLearn
from trainer.data.rows import DIAGNOSIS_LABELS, Row, labelled
from trainer.data.splits import Splits
from trainer.ensemble import Ensemble
from trainer.served import Answers
from trainer.soup import mixed
from trainer.trial import Trial, run_trial
from trainer.tuning.config import TrainConfig
from trainer.tuning.validate import answer

__all__ = ["Averages", "Job", "Outcome", "TestSet", "few_of_each", "judged_sets"]

TestSet = tuple[str, str]
"""A source and a task."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Job(_Part):
    """What to train. `data`: a dataset's folder; `config`: complete, its seed included.

    `per_class`: on so many training rows of each diagnosis alone, drawn by the seed. `member_seeds`: of further runs
    that are averaged with it.
    """

    data: str
    config: TrainConfig
    per_class: int | None = None
    member_seeds: tuple[int, ...] = ()


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


class Averages(_Part):
    """What the members of one job answer together, as a soup and as an ensemble; the cost of either is that of all."""

    soup: Outcome
    ensemble: Outcome


def judged_sets(rows: Sequence[Row]) -> Mapping[TestSet, list[Row]]:
    """Return the rows of each source that carry a label, by source and task; a task needs two different labels."""
    found: dict[TestSet, list[Row]] = {}
    for source in sorted({row.source for row in rows}):
        for task in ("diagnosis", "urgency"):
            known, truth = labelled([row for row in rows if row.source == source], task)
            if len(set(truth.tolist())) > 1:
                found[(source, task)] = known
    return found


def few_of_each(rows: Sequence[Row], per_class: int, seed: int) -> list[Row]:
    """Draw `per_class` rows of each diagnosis. Raises NothingToLearn where one has fewer."""
    of_label: dict[str | None, list[Row]] = defaultdict(list)
    for row in rows:
        of_label[row.diagnosis].append(row)
    rng, drawn = Random(seed), list[Row]()
    for label in DIAGNOSIS_LABELS:
        if len(of_label[label]) < per_class:
            raise NothingToLearn(f"{label}: {len(of_label[label])} training rows, {per_class} are needed")
        drawn += rng.sample(of_label[label], per_class)
    return drawn


def main(arguments: Sequence[str]) -> int:
    """Do the job."""
    job = Job.model_validate_json(Path(arguments[0]).read_bytes())
    splits = read_dataset(Path(job.data)).splits
    trials = [_trained(job, splits, seed) for seed in (job.config.seed, *job.member_seeds)]
    result = _averages(trials, splits) if job.member_seeds else _alone(trials[0], splits.test)
    Path(arguments[1]).write_text(result.model_dump_json(), encoding="utf-8")
    return 0


def _trained(job: Job, splits: Splits, seed: int) -> Trial:
    config = job.config.model_copy(update={"seed": seed})
    train = (
        splits.train if job.per_class is None else few_of_each(splits.train, job.per_class, job.config.seed)
    )
    validation = splits.calibration if config.early_stopping is not None else ()
    return run_trial(config, train, validation, title=config.method.kind)


def _alone(trial: Trial, test: Sequence[Row]) -> Outcome:
    return _outcome([trial], test, lambda rows: answer(trial.model, rows, trial.windower))


def _averages(trials: Sequence[Trial], splits: Splits) -> Averages:
    windower = trials[0].windower
    ensemble = Ensemble([(trial.model, trial.windower) for trial in trials], splits.calibration)
    soup = mixed([trial.model for trial in trials])
    return Averages(
        soup=_outcome(trials, splits.test, lambda rows: answer(soup, rows, windower)),
        ensemble=_outcome(trials, splits.test, ensemble.answer),
    )


def _outcome(
    trials: Sequence[Trial], test: Sequence[Row], answered: Callable[[Sequence[Row]], Answers]
) -> Outcome:
    return Outcome(
        answers={"/".join(key): _chosen(answered(rows), key[1]) for key, rows in judged_sets(test).items()},
        trained_parameters=trials[0].trained.trainable_parameters,
        minutes=sum(trial.cost.minutes for trial in trials),
        cpu_minutes=sum(trial.cost.cpu_minutes for trial in trials),
        peak_memory_mb=trials[-1].cost.peak_memory_mb,
    )


def _chosen(answers: Answers, task: str) -> tuple[int, ...]:
    logits = answers.diagnosis_logits if task == "diagnosis" else answers.urgency_logits
    return tuple(logits.argmax(axis=1).tolist())


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
