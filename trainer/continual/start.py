"""What a round starts from: a run's folder with its float32 weights, or a served version with its graph alone.

A served version holds an int8 graph. Its weights are taken out of the graph and, quantized again, give the same graph
back, so a strategy that leaves the encoder alone loses nothing; one that moves it starts from weights rounded to int8.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError

from streams.adapters.model_bundle import ModelBundle, load_bundle
from trainer.continual.dequantize import GraphUnknown, dequantized
from trainer.continual.erasure import keep_memory, whole_memory
from trainer.continual.levels import LevelPosterior
from trainer.continual.memory import ALL_TRAIN, Memory
from trainer.continual.statistics import ClassStatistics
from trainer.data.dataset import make_dataset, read_dataset
from trainer.data.manifest import Origin
from trainer.data.rows import DIAGNOSIS_LABELS
from trainer.model import TriageBert
from trainer.runs import RunFolder
from trainer.weights import trained_model

__all__ = ["TRAINED_BEFORE", "CarriedState", "Start", "StartUnusable", "read_start", "write_state"]

TRAINED_BEFORE = "trained before"
"""What a card calls the rows of earlier rounds, beside the splits of its own."""

_SUMS, _STATE = "statistics.npz", "state.json"


class StartUnusable(ValueError):
    """Nothing can be continued from there."""


class Card(BaseModel):
    """What is read of a version's card."""

    model_config = ConfigDict(extra="ignore")

    encoder: str
    rows: dict[str, dict[str, int]]
    data: list[dict[str, str]]

    @property
    def trained_on(self) -> dict[str, int]:
        """Rows by source that this version and those that it continues were trained on."""
        return dict(Counter(self.rows.get("train", {})) + Counter(self.rows.get(TRAINED_BEFORE, {})))


class CarriedState(BaseModel):
    """`continual/state.json`: rows of all rounds so far."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seen_rows: int


@dataclass(frozen=True, slots=True)
class Start:
    """`run`: the folder that made the version, None where only the version is at hand."""

    model: TriageBert
    bundle: ModelBundle
    card: Card
    version_dir: Path
    run: RunFolder | None
    weights: Literal["float32", "dequantized int8"]
    statistics: ClassStatistics
    posterior: LevelPosterior | None
    memory: Memory

    @property
    def next_version(self) -> str:
        """One more than the version that is continued."""
        return str(int(self.bundle.profile.version) + 1)

    @property
    def trained_rows(self) -> int:
        """How many rows the version was trained on in all its rounds, by its card."""
        return sum(self.card.trained_on.values())


def read_start(path: Path) -> Start:
    """Read a finished run's folder or a version's. Raises StartUnusable, NotARun."""
    run = RunFolder(path) if RunFolder(path).record.exists() else None
    if run is not None and run.read().status != "finished":
        raise StartUnusable(f"{path} is not finished: go on with it first")
    version_dir = path if run is None else run.version_dir
    try:
        bundle = load_bundle(version_dir)
        card = Card.model_validate_json((version_dir / "model_card.json").read_bytes())
        model = dequantized(version_dir / "model.onnx") if run is None else trained_model(run)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise StartUnusable(f"{path}: neither a run's folder nor a version's ({error.filename})") from None
    except (ValidationError, GraphUnknown, SafetensorError, RuntimeError) as error:
        raise StartUnusable(f"{path}: {_said(error)}") from error
    if not bundle.profile.version.isdigit():
        raise StartUnusable(f"{path}: version {bundle.profile.version} is no number")
    learned = sum(card.trained_on.values())
    if not learned:
        raise StartUnusable(
            f"{path}: its card names no row that it was trained on, so its past has no weight"
        )
    statistics, posterior = _sums(run, bundle, model, learned)
    weights: Literal["float32", "dequantized int8"] = "dequantized int8" if run is None else "float32"
    return Start(model, bundle, card, version_dir, run, weights, statistics, posterior, _memory(run))


def write_state(
    folder: RunFolder,
    statistics: ClassStatistics | None,
    posterior: LevelPosterior | None,
    memory: Memory,
    origins: tuple[Origin, ...],
) -> None:
    """Write what the next round needs. `memory` is patients' text; the sums are none."""
    folder.continual.mkdir(exist_ok=True)
    if statistics is not None and posterior is not None:
        np.savez(
            folder.continual / _SUMS,
            count=statistics.count,
            total=statistics.total,
            square=statistics.square,
            mean=posterior.mean,
            precision=posterior.precision,
        )
    if memory.rows:
        keep_memory(folder, make_dataset(memory.rows, origins, shares=ALL_TRAIN, seed=0))
    state = CarriedState(seen_rows=memory.seen)
    (folder.continual / _STATE).write_text(state.model_dump_json() + "\n", encoding="utf-8")


def _said(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return f"its card or bundle cannot be read ({error.error_count()} faults)"
    if isinstance(error, GraphUnknown):
        return str(error)
    return "its weights do not fit a plain BERT: prefixes and adapters cannot be continued"


def _sums(
    run: RunFolder | None, bundle: ModelBundle, model: TriageBert, rows: int
) -> tuple[ClassStatistics, LevelPosterior | None]:
    path = None if run is None else run.continual / _SUMS
    if path is not None and path.exists():
        with np.load(path) as arrays:
            return (
                ClassStatistics(arrays["count"], arrays["total"], arrays["square"]),
                LevelPosterior(arrays["mean"], arrays["precision"]),
            )
    try:
        sums = ClassStatistics.from_domain(bundle.domain, len(DIAGNOSIS_LABELS), rows)
    except ValueError as error:
        raise StartUnusable(f"domain.npz of version {bundle.profile.version}: {error}") from None
    answers = bundle.domain.mean @ model.diagnosis_head.weight.detach().numpy().T
    answers = answers + model.diagnosis_head.bias.detach().numpy()
    if answers[: len(DIAGNOSIS_LABELS)].argmax(axis=1).tolist() != list(range(len(DIAGNOSIS_LABELS))):
        raise StartUnusable(
            f"domain.npz of version {bundle.profile.version}: its class means do not stand in the order of the labels"
        )
    return sums, None


def _memory(run: RunFolder | None) -> Memory:
    if run is None or not (run.continual / _STATE).exists():
        return Memory()
    state = CarriedState.model_validate_json((run.continual / _STATE).read_bytes())
    try:
        with whole_memory(run):
            rows = read_dataset(run.memory).rows if run.memory.exists() else ()
    except OSError as error:
        raise StartUnusable(
            f"run {run.path.name}: what it keeps for replay: {error.strerror or type(error).__name__}"
        ) from None
    return Memory(rows, state.seen_rows)
