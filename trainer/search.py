"""Search for a better configuration within a budget: trials in memory, judged on the calibration split alone.

Optuna's tree-structured Parzen estimator proposes (Bergstra et al., NeurIPS 2011); a trial whose epochs lag behind the
median of the earlier ones at the same epoch is given up. The test split is never read.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna

from trainer.data.splits import Splits
from trainer.runs import EpochRecord
from trainer.trial import run_trial
from trainer.tuning.config import EarlyStopping, TrainConfig
from trainer.tuning.reading import ConfigInvalid, changed

__all__ = ["DEFAULT_RANGES", "Budget", "Found", "Range", "parse_range", "search"]

_STARTUP_TRIALS = 4


@dataclass(frozen=True, slots=True)
class Range:
    """What one key may become: one of `choices`, or a number from `low` to `high` (`log`: evenly in its logarithm)."""

    choices: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False

    def suggest(self, trial: optuna.Trial, key: str) -> Any:
        """Let Optuna choose a value."""
        if self.choices:
            return trial.suggest_categorical(key, list(self.choices))
        return trial.suggest_float(key, self.low, self.high, log=self.log)


DEFAULT_RANGES: Mapping[str, Range] = {
    "optimizer.encoder_rate": Range(low=2e-5, high=1e-3, log=True),
    "optimizer.head_rate": Range(low=1e-4, high=1e-2, log=True),
    "optimizer.weight_decay": Range(low=1e-3, high=0.1, log=True),
    "batch_size": Range(choices=(8, 16, 32)),
}


@dataclass(frozen=True, slots=True)
class Budget:
    """The search ends with the trial that reaches one of the two."""

    trials: int
    minutes: float


@dataclass(frozen=True, slots=True)
class Found:
    """`figures`: of each trial, None for one that was given up; `first`: of the configuration as it was given."""

    config: TrainConfig
    figure: float
    first: float
    figures: tuple[float | None, ...]


def parse_range(text: str) -> tuple[str, Range]:
    """Read `key=a,b,c`, `key=low..high` or `key=low..high:log`. Raises ConfigInvalid."""
    key, equals, values = text.partition("=")
    if not equals or not key or not values:
        raise ConfigInvalid(f"{text!r} is not key=a,b,c or key=low..high")
    if ".." not in values:
        return key, Range(choices=tuple(_value(part) for part in values.split(",")))
    ends, _, scale = values.partition(":")
    low, high = (_value(end) for end in ends.split("..", 1))
    numbers = isinstance(low, int | float) and isinstance(high, int | float)
    if not numbers or not low < high or scale not in ("", "log") or (scale == "log" and low <= 0):
        raise ConfigInvalid(f"{key}: {values!r} is no range")
    return key, Range(low=float(low), high=float(high), log=scale == "log")


def search(
    config: TrainConfig,
    splits: Splits,
    ranges: Mapping[str, Range],
    budget: Budget,
    *,
    say: Callable[[str], None] = lambda _line: None,
) -> Found:
    """Return the best configuration, that given among them: it is the first trial.

    Raises ConfigInvalid where a key is none or a value cannot be, and what `run_trial` raises.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    early = config.early_stopping or EarlyStopping(patience=config.epochs)
    configs: dict[int, TrainConfig] = {}

    def figure_of(trial: optuna.Trial) -> float:
        chosen = {} if trial.number == 0 else {key: one.suggest(trial, key) for key, one in ranges.items()}
        configs[trial.number] = changed(config, chosen)
        figure = _figure(configs[trial.number], splits, early, trial)
        say(f"trial {trial.number + 1}: {figure:.3f} {_shown(chosen)}")
        return figure

    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=config.seed, n_startup_trials=_STARTUP_TRIALS),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=_STARTUP_TRIALS),
    )
    began = time.monotonic()
    for _ in range(budget.trials):
        study.optimize(figure_of, n_trials=1)
        if (time.monotonic() - began) / 60 >= budget.minutes:
            break
    best = study.best_trial
    whole = optuna.trial.TrialState.COMPLETE
    figures = tuple(trial.value if trial.state is whole else None for trial in study.trials)
    return Found(configs[best.number], study.best_value, float(figures[0] or 0.0), figures)


def _figure(config: TrainConfig, splits: Splits, early: EarlyStopping, trial: optuna.Trial) -> float:
    best = float("-inf")

    def watch(record: EpochRecord, _report: str) -> None:
        nonlocal best
        known = [value for value in (record.macro_f1, record.qwk) if value is not None]
        figure = {"macro_f1": record.macro_f1, "qwk": record.qwk}.get(early.figure, sum(known) / len(known))
        best = max(best, figure if figure is not None else 0.0)
        trial.report(best, record.epoch)
        if trial.number > 0 and trial.should_prune():
            raise optuna.TrialPruned

    stopping = config.model_copy(update={"early_stopping": early})
    run_trial(
        stopping, splits.train, splits.calibration, title=f"trial {trial.number + 1}", after_epoch=watch
    )
    return best


def _value(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text.strip()


def _shown(chosen: Mapping[str, Any]) -> str:
    parts: Sequence[str] = [
        f"{key}={value:.2g}" if isinstance(value, float) else f"{key}={value}"
        for key, value in chosen.items()
    ]
    return ", ".join(parts) or "as given"
