"""A model soup: the mean of the weights of several runs, which costs no more to serve than one of them.

Wortsman et al., "Model soups: averaging weights of multiple fine-tuned models improves accuracy without increasing
inference time", ICML 2022. The runs start from one encoder and know one dataset; they differ in seed or settings.
"""

import shutil
from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import torch
from torch import Tensor

from trainer.bundle import sha256_of
from trainer.code import code_version
from trainer.compress.subject import Subject, load_subject
from trainer.cost import peak_memory_mb
from trainer.ensemble import Ensemble
from trainer.evaluate import model_results
from trainer.finetune import make_deterministic
from trainer.model import TriageBert
from trainer.packaging import by_source
from trainer.recording import UNCALIBRATED, scores
from trainer.runs import Averaged, RunFolder, Score
from trainer.train import RunUnusable, export
from trainer.tuning.reading import write_config
from trainer.tuning.validate import validate

__all__ = ["ENSEMBLE", "NotMixable", "average", "choose", "make_soup", "mixed"]

ENSEMBLE = "float32, ensemble"
"""The system of the scores that the ensemble of what is put in has: see trainer.ensemble."""
_FEWEST_RUNS = 2
_FIGURE = "mean"


class NotMixable(ValueError):
    """The runs do not share an encoder's weights, a tokenizer and a dataset, or they are too few."""


def make_soup(paths: Sequence[Path], target: Path, *, greedy: bool) -> RunFolder:
    """Write the run's folder `target` from finished runs.

    Greedy: from the best run on, each is put in unless it makes the mean of both figures on the calibration split
    worse; otherwise all are. Raises NotMixable, RunUnusable and what `load_subject` raises.
    """
    started, began, folder = datetime.now(UTC), monotonic(), RunFolder(target)
    if folder.record.exists():
        raise RunUnusable(f"{target} exists: name another run")
    subjects = [load_subject(path) for path in paths]
    _check_alike(subjects)
    make_deterministic(subjects[0].config.seed, subjects[0].config.threads)
    chosen, averaged = choose(subjects, greedy=greedy)
    _write(folder, chosen, averaged, started, began)
    return folder


def choose(subjects: Sequence[Subject], *, greedy: bool) -> tuple[list[Subject], Averaged]:
    """Return what is put in, the best run first, and how that was found."""
    figures = [_figure(subject, subject.model) for subject in subjects]
    best_first = sorted(range(len(subjects)), key=lambda number: -figures[number])
    put_in, figure = [best_first[0]], figures[best_first[0]]
    for number in best_first[1:]:
        tried = _figure(subjects[0], mixed([subjects[one].model for one in (*put_in, number)]))
        if not greedy or tried >= figure:
            put_in, figure = [*put_in, number], tried
    chosen = [subjects[number] for number in put_in]
    return chosen, Averaged(
        way="greedy" if greedy else "uniform",
        runs={subject.record.name: value for subject, value in zip(subjects, figures, strict=True)},
        put_in=tuple(subject.record.name for subject in chosen),
        figure=figure,
    )


def average(weights: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Return the mean of tensors of the same names; what are no fractions (tables of indices) are the first's."""
    return {
        name: torch.stack([one[name] for one in weights]).mean(dim=0) if first.is_floating_point() else first
        for name, first in weights[0].items()
    }


def mixed(models: Sequence[TriageBert]) -> TriageBert:
    """Return the mean of models of one shape as a model of its own."""
    mean = deepcopy(models[0])
    mean.load_state_dict(average([model.state_dict() for model in models]))
    return mean


def _figure(subject: Subject, model: TriageBert) -> float:
    return validate(model, subject.dataset.splits.calibration, subject.windower).figure(_FIGURE) or 0.0


def _check_alike(subjects: Sequence[Subject]) -> None:
    if len(subjects) < _FEWEST_RUNS:
        raise NotMixable("a soup needs two runs or more")
    names = [subject.record.name for subject in subjects]
    if len(set(names)) < len(names):
        raise NotMixable("a run is named twice")
    untold = [subject.record.name for subject in subjects if subject.record.encoder_sha256 is None]
    if untold:
        raise NotMixable(f"encoder: {', '.join(untold)} did not record which weights it started from")
    for what, values in (
        ("encoder", [subject.record.encoder for subject in subjects]),
        ("weights of the encoder", [subject.record.encoder_sha256 for subject in subjects]),
        ("data", [subject.record.data.sha256 for subject in subjects]),
        ("max_length", [subject.config.max_length for subject in subjects]),
        ("tokenizer", [(subject.folder.version_dir / "tokenizer.json").read_bytes() for subject in subjects]),
        ("shape", [_shape(subject.model) for subject in subjects]),
    ):
        if any(value != values[0] for value in values):
            raise NotMixable(f"{what}: not the same in all runs")


def _shape(model: TriageBert) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in model.state_dict().items()}


def _of_ensemble(chosen: Sequence[Subject]) -> tuple[Score, ...]:
    splits = chosen[0].dataset.splits
    ensemble = Ensemble([(subject.model, subject.windower) for subject in chosen], splits.calibration)
    results = [
        result
        for name, rows in by_source(splits.test).items()
        for result in model_results(ENSEMBLE, f"{name}, held out", rows, ensemble.answer(rows), UNCALIBRATED)
    ]
    return scores(ENSEMBLE, results)


def _write(
    folder: RunFolder, chosen: Sequence[Subject], averaged: Averaged, started: datetime, began: float
) -> None:
    best, model = chosen[0], mixed([subject.model for subject in chosen])
    config = best.config.model_copy(update={"name": folder.path.name})
    folder.version_dir.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(best.folder.version_dir / "tokenizer.json", folder.version_dir / "tokenizer.json")
    shutil.copyfile(best.folder.encoder, folder.encoder)
    write_config(config, folder.config)
    after = export(folder, config, model, best.windower, best.dataset)
    if len(chosen) > 1:
        after += _of_ensemble(chosen)
    written = {
        "name": folder.path.name,
        "started_at": started,
        "minutes": (monotonic() - began) / 60,
        "training_minutes": 0.0,
        "code": code_version(),
        "method": "soup",
        "device": "cpu",
        "processes": 1,
        "trainable_parameters": 0,
        "peak_memory_mb": peak_memory_mb("cpu"),
        "epochs": (),
        "best_epoch": None,
        "before": (),
        "after": after,
        "files_sha256": sha256_of(folder.version_dir),
        "averaged": averaged,
    }
    folder.write(best.record.model_copy(update=written))
