"""What a run's record holds besides its settings: figures of test sets."""

import math
from collections.abc import Sequence
from datetime import datetime

from streams.text import Windower
from trainer.code import code_version
from trainer.data.dataset import Dataset
from trainer.data.rows import Row
from trainer.evaluate import Calibrated, Result, model_results
from trainer.model import TriageBert
from trainer.packaging import by_source
from trainer.runs import DataUsed, Interval, RunRecord, Score
from trainer.tuning.config import TrainConfig
from trainer.tuning.validate import answer
from trainer.versions import counted

__all__ = ["UNCALIBRATED", "first_record", "judged", "scores"]

UNCALIBRATED = Calibrated(1.0, 1.0, 0.5)


def first_record(
    config: TrainConfig,
    dataset: Dataset,
    model: TriageBert,
    started: datetime,
    *,
    data_name: str,
    encoder: str,
    method: str,
    device: str = "cpu",
    processes: int = 1,
) -> RunRecord:
    """Return what is known of a run when it begins."""
    return RunRecord(
        name=str(config.name),
        status="running",
        started_at=started,
        minutes=0.0,
        training_minutes=0.0,
        code=code_version(),
        data=DataUsed(name=data_name, sha256=dataset.manifest.content_sha256, rows=counted(dataset.splits)),
        seed=config.seed,
        encoder=encoder,
        method=method,
        device=device,
        processes=processes,
        precision=config.precision,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        trainable_parameters=0,
        peak_memory_mb=0.0,
    )


def judged(
    model: TriageBert, windower: Windower, rows: Sequence[Row], calibrated: Calibrated
) -> list[Result]:
    """Judge the float32 answers to each source's rows."""
    results: list[Result] = []
    for name, some in by_source(rows).items():
        answers = answer(model, some, windower)
        results += model_results("float32", f"{name}, held out", some, answers, calibrated)
    return results


def scores(system: str | None, results: Sequence[Result]) -> tuple[Score, ...]:
    """The results as scores; a `system` keeps its plain answers alone, without those made from thresholds."""
    return tuple(
        Score(
            test_set=result.test_set,
            task="diagnosis" if result.task == "diagnosis" else "urgency",
            system=result.system,
            n=result.n,
            figures={
                name: Interval(value=figure.value, low=figure.low, high=figure.high)
                for name, figure in result.figures.items()
                if math.isfinite(figure.value + figure.low + figure.high)
            },
        )
        for result in results
        if system is None or result.system == system
    )
