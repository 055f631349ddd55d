"""MLflow gets settings and figures where it is asked for, and nothing is imported otherwise."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.trainer.compress.finished_run import finished_run
from trainer.runs import EpochRecord, Interval, RunRecord, Score
from trainer.tracking import TrackingFailed, TrackingUnavailable, check_tracking, track
from trainer.tuning.config import Augmentation, Lora, Paraphrases, TrainConfig

TRACKED = TrainConfig(
    tracking="mlflow",
    data="a/folder/of/patients",
    method=Lora(rank=4),
    augmentation=Augmentation(paraphrases=Paraphrases(file="words/of/patients.jsonl")),
)


class Recorder(SimpleNamespace):
    """What stands in for MLflow: keeps what it is given."""

    def __init__(self) -> None:
        super().__init__(seen={}, metrics=[])

    @contextmanager
    def start_run(self, *, run_name: str) -> Iterator[None]:
        self.seen["name"] = run_name
        yield

    def log_params(self, values: dict[str, Any]) -> None:
        self.seen["params"] = values

    def set_tags(self, values: dict[str, str]) -> None:
        self.seen["tags"] = values

    def log_metrics(self, values: dict[str, float], step: int | None = None) -> None:
        self.metrics.append((step, values))


@pytest.fixture
def record(tmp_path: Path) -> RunRecord:
    epoch = EpochRecord(epoch=1, diagnosis_loss=0.5, urgency_loss=1.0, macro_f1=0.7, qwk=None, minutes=0.1)
    score = Score(
        test_set="corpus, held out",
        task="urgency",
        system="int8",
        n=20,
        figures={"qwk": Interval(value=0.6, low=0.5, high=0.7)},
    )
    made = finished_run(tmp_path / "first", layers=1).read()
    return made.model_copy(update={"epochs": (epoch,), "after": (score,)})


def test_settings_figures_and_hashes_are_handed_over_and_no_path(
    record: RunRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder()
    monkeypatch.setitem(sys.modules, "mlflow", recorder)
    check_tracking(TRACKED)
    track(record, TRACKED)
    assert recorder.seen["name"] == "first"
    assert recorder.seen["params"]["method.rank"] == 4
    assert recorder.seen["tags"]["data_sha256"] == record.data.sha256
    assert (
        1,
        {"diagnosis_loss": 0.5, "urgency_loss": 1.0, "macro_f1": 0.7, "minutes": 0.1},
    ) in recorder.metrics
    assert recorder.metrics[-1][1]["corpus/urgency/qwk"] == 0.6
    assert "patients" not in str(recorder.seen) + str(recorder.metrics)


def test_without_the_setting_nothing_is_imported(record: RunRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    check_tracking(TrainConfig())
    track(record, TrainConfig())


def test_what_is_not_installed_is_said_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(TrackingUnavailable, match="needs MLflow, which is not installed"):
        check_tracking(TRACKED)


def test_a_server_that_refuses_is_an_error_that_says_that_the_run_is_whole(
    record: RunRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder()

    def refuse(_values: dict[str, Any]) -> None:
        raise ConnectionError("away")

    monkeypatch.setattr(recorder, "log_params", refuse)
    monkeypatch.setitem(sys.modules, "mlflow", recorder)
    with pytest.raises(
        TrackingFailed, match="first is finished, but MLflow did not take it: ConnectionError"
    ):
        track(record, TRACKED)
