"""The whole model, fine-tuned anew in each fold: what training would reach on complaints that it has not seen."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.ablations.crossval import deals
from trainer.ablations.near_copies import NearCopies
from trainer.ablations.urgency import SEED, WRITTEN_VISITS
from trainer.baselines import BagOfWords
from trainer.calibrate import probabilities
from trainer.data import ktas, visits
from trainer.data.rows import URGENCY_LEVELS, Row, labelled
from trainer.data.splits import cluster
from trainer.trial import run_trial
from trainer.tuning.config import TrainConfig
from trainer.tuning.reading import read_config
from trainer.tuning.validate import answer

__all__ = ["BASELINE", "EITHER", "METHODS", "finetuned", "out_of_fold"]

BASELINE, EITHER = "TF-IDF + vital signs, logistic regression", "mean of the first and the last"
METHODS: Mapping[str, tuple[str, bool]] = {
    "fine-tuned, real visits": ("default", False),
    "fine-tuned, real and written visits": ("default", True),
}
"""Name -> (preset, whether written visits take part; then each real visit is shown as often as makes up for them)."""

_EPOCHS, _WINDOW_TOKENS = 3, 48
Ask = Callable[[TrainConfig, Sequence[Row], Sequence[Row]], NDArray[np.float64]]
"""Trains on the first rows, and returns P(level) [k, 5] of the others."""


def finetuned(
    data: Path, seed: int, written: int, say: Callable[[str], None]
) -> tuple[NDArray[np.int64], dict[str, NDArray[np.float64]]]:
    """Return the levels (index 0-4) of the real visits under `data`, and what `out_of_fold` says of them.

    `written` visits are trained on beside them, where that is not 0.
    """
    real, levels = labelled(ktas.load(data), "urgency")
    beside = visits.load(WRITTEN_VISITS, SEED)[:written]
    return levels, out_of_fold(real, levels, beside, seed=seed, ask=_ask, say=say)


def out_of_fold(
    real: Sequence[Row],
    levels: NDArray[np.int64],
    written: Sequence[Row],
    *,
    seed: int,
    ask: Ask,
    say: Callable[[str], None],
) -> dict[str, NDArray[np.float64]]:
    """Return P(level) [k, 5] of the `real` visits by name of the method, never from a fold with their complaint.

    A fold leaves out the `written` near-copies of the visits that it asks about. One seed deals the folds and trains.
    The last entry is the mean of the baseline's and the last method's answers.
    """
    methods = {name: setting for name, setting in METHODS.items() if written or not setting[1]}
    answers = {name: np.zeros((len(real), len(URGENCY_LEVELS))) for name in (BASELINE, *methods)}
    copies = NearCopies([*real, *written])
    for fold, (train, test) in enumerate(deals(levels, cluster(real), seed)):
        known, asked = [real[i] for i in train], [real[i] for i in test]
        beside = [written[i] for i in copies.without(written, asked)]
        answers[BASELINE][test] = BagOfWords(known, "urgency").probabilities(asked, len(URGENCY_LEVELS))
        for name, (preset, with_written) in methods.items():
            say(f"fold {fold + 1}: {name}")
            rows = [*known * max(1, round(len(beside) / len(known))), *beside] if with_written else known
            answers[name][test] = ask(_config(preset, seed), rows, asked)
    *_, last = methods
    return answers | {EITHER: (answers[BASELINE] + answers[last]) / 2}


def _config(preset: str, seed: int) -> TrainConfig:
    equal = {"epochs": _EPOCHS, "max_length": _WINDOW_TOKENS, "seed": seed, "threads": 1}
    return read_config(preset=preset).model_copy(update=equal)


def _ask(config: TrainConfig, rows: Sequence[Row], asked: Sequence[Row]) -> NDArray[np.float64]:
    trial = run_trial(config, rows, title=config.method.kind)
    return probabilities(answer(trial.model, asked, trial.windower).urgency_logits, 1.0)
