"""The model that is to be made smaller: a finished run's float32 weights, with the data that it was trained on."""

from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError

from streams.text import Windower
from trainer.data.dataset import Dataset
from trainer.model import TriageBert
from trainer.runs import RunFolder, RunRecord
from trainer.train import load_data
from trainer.tuning.config import TrainConfig
from trainer.tuning.methods import mergeable
from trainer.tuning.reading import read_config
from trainer.versions import windower_of
from trainer.weights import trained_model

__all__ = ["NotCompressible", "Subject", "load_subject"]


class NotCompressible(ValueError):
    """The run is not finished, its encoder is no plain BERT, or its data is not what it was trained on."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One finished run. `model` is in eval mode."""

    folder: RunFolder
    record: RunRecord
    config: TrainConfig
    model: TriageBert
    windower: Windower
    dataset: Dataset


def load_subject(path: Path) -> Subject:
    """Load a run's folder. Raises NotARun, NotCompressible, ConfigInvalid, BadData."""
    folder = RunFolder(path)
    record = folder.read()
    if record.status != "finished":
        raise NotCompressible(f"{path} is not finished: go on with `triage train --resume {path}`")
    config = read_config(folder.config)
    if not mergeable(config.method):
        raise NotCompressible(
            f"{path}: {config.method.kind} stays in the encoder, which is then no plain BERT"
        )
    dataset = load_data(config)
    if dataset.manifest.content_sha256 != record.data.sha256:
        raise NotCompressible(f"{path}: the data is not what the run was trained on")
    windower = windower_of(folder.version_dir, config.max_length)
    try:
        model = trained_model(folder)
    except (FileNotFoundError, SafetensorError, RuntimeError) as error:
        raise NotCompressible(f"{path}: its weights are missing, or don't fit its encoder") from error
    return Subject(folder, record, config, model, windower, dataset)
