"""A finished run's settings and figures for MLflow, where `tracking: mlflow` asks for it.

Nothing of it is imported otherwise. Where to is MLflow's own affair (MLFLOW_TRACKING_URI, MLFLOW_EXPERIMENT_NAME). No
text, no weights and no path of the data are sent: the run's folder stays the place where a version lives.
"""

from importlib import import_module
from typing import Any

from trainer.runs import RunRecord
from trainer.tuning.config import TrainConfig

__all__ = ["TrackingFailed", "TrackingUnavailable", "check_tracking", "track"]


class TrackingUnavailable(Exception):
    """MLflow is asked for and not installed."""


class TrackingFailed(Exception):
    """MLflow did not take a run; the run itself is finished and whole."""


def check_tracking(config: TrainConfig) -> None:
    """Raise TrackingUnavailable before any work is done."""
    if config.tracking == "mlflow":
        _mlflow()


def track(record: RunRecord, config: TrainConfig) -> None:
    """Hand over a finished run, if the configuration says so. Raises TrackingUnavailable, TrackingFailed."""
    if config.tracking != "mlflow":
        return
    mlflow = _mlflow()
    try:
        with mlflow.start_run(run_name=record.name):
            mlflow.log_params(_flat(_settings(config)))
            mlflow.set_tags(
                {
                    "method": record.method,
                    "data": record.data.name,
                    "data_sha256": record.data.sha256,
                    "commit": record.code.commit or "unknown",
                    "device": record.device,
                }
            )
            for epoch in record.epochs:
                figures = epoch.model_dump(exclude={"epoch"}, exclude_none=True)
                mlflow.log_metrics(figures, step=epoch.epoch)
            mlflow.log_metrics(_final(record))
    except Exception as error:  # MLflow passes on what its store, its client and the network raise
        raise TrackingFailed(
            f"{record.name} is finished, but MLflow did not take it: {type(error).__name__}: {error}"
        ) from error


def _mlflow() -> Any:
    try:
        return import_module("mlflow")
    except ModuleNotFoundError as error:
        raise TrackingUnavailable(
            "tracking: mlflow needs MLflow, which is not installed (`pip install mlflow` or `mlflow-skinny`)"
        ) from error


def _settings(config: TrainConfig) -> dict[str, Any]:
    return {key: value for key, value in config.recipe().items() if key not in ("name", "tracking")}


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def _final(record: RunRecord) -> dict[str, float]:
    """Figures of the served graph on the test split, and what the run cost; MLflow allows no comma in a name."""
    figures = {
        f"{score.test_set.split(',', 1)[0]}/{score.task}/{name}": value.value
        for score in record.after
        if score.system == "int8"
        for name, value in score.figures.items()
    }
    return figures | {"minutes_total": record.minutes, "peak_memory_mb": record.peak_memory_mb}
