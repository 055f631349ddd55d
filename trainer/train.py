"""One training run, top to bottom: `triage train`.

    data -> encoder -> figures before -> heads first -> epochs -> export -> calibrate -> figures after -> card, record

The calibration split is also the validation data of early stopping; the test split is read for the figures before
and after, and decides nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from safetensors.torch import save_file

from streams.text import Windower
from trainer.bundle import sha256_of
from trainer.cost import peak_memory_mb
from trainer.data.dataset import Dataset
from trainer.data.errors import NothingToLearn
from trainer.data.importing import read_labelled, write_corpus
from trainer.data.labels import check_every_class, told_empty
from trainer.data.leaks import find_leaks, told_leaks
from trainer.data.rows import Row, labelled
from trainer.encoders import load_encoder
from trainer.export import export_int8
from trainer.finetune import make_deterministic
from trainer.model import TriageBert
from trainer.packaging import package
from trainer.paraphrase.using import in_other_words
from trainer.processes import processes
from trainer.recording import UNCALIBRATED, first_record, judged, scores
from trainer.runs import (
    EpochRecord,
    RunFolder,
    RunRecord,
    Score,
)
from trainer.tracking import check_tracking, track
from trainer.tuning.config import TrainConfig
from trainer.tuning.loop import Trained, train_epochs
from trainer.tuning.reading import read_config, write_config
from trainer.tuning.stages import before_epochs
from trainer.versions import windower_of

__all__ = ["RunUnusable", "data_warnings", "export", "load_data", "resume_run", "start_run"]


class RunUnusable(Exception):
    """The run's folder is taken, or the run cannot go on from where it stopped."""


def start_run(config: TrainConfig, runs_dir: Path) -> RunFolder:
    """Train anew. Raises RunUnusable, BadData, EncoderUnavailable, ConfigInvalid, and what trainer.tracking has."""
    started = datetime.now(UTC)
    name = config.name or f"{config.method.kind}-{started:%Y%m%d-%H%M%S}"
    folder = RunFolder(runs_dir / name)
    if folder.record.exists() and processes().is_main_process:
        raise RunUnusable(f"{folder.path} exists: name another run, or go on with --resume {folder.path}")
    return _Run(config.model_copy(update={"name": name}), folder, None).run(started)


def resume_run(path: Path) -> RunFolder:
    """Go on with an interrupted run. Raises RunUnusable, NotARun and what `start_run` raises."""
    folder = RunFolder(path)
    record = folder.read()
    if record.status == "finished":
        raise RunUnusable(f"{path} is finished")
    return _Run(read_config(folder.config), folder, record).run(record.started_at)


@dataclass(slots=True)
class _Run:
    config: TrainConfig
    folder: RunFolder
    earlier: RunRecord | None

    def run(self, started: datetime) -> RunFolder:
        config, folder, began = self.config, self.folder, monotonic()
        check_tracking(config)
        make_deterministic(config.seed, config.threads)
        dataset = load_data(config)
        splits = dataset.splits
        rows, paraphrases = in_other_words(splits.train, config)
        _check_labels(splits.train, splits.calibration)
        check_every_class(splits)
        if self.earlier is not None and self.earlier.data.sha256 != dataset.manifest.content_sha256:
            raise RunUnusable("the data is not what the run began with")
        if self.earlier is not None and self.earlier.paraphrases != paraphrases:
            raise RunUnusable("the paraphrases are not what the run began with")
        pretrained = load_encoder(config.encoder, config.encoder_dropout)
        encoder_sha256 = pretrained.sha256
        if self.earlier is not None and self.earlier.encoder_sha256 not in (None, encoder_sha256):
            raise RunUnusable(
                f"the weights of encoder {config.encoder} are not those that the run began with"
            )
        model = TriageBert(pretrained.encoder)
        main = processes().is_main_process
        with processes().main_process_first():
            if main:
                folder.version_dir.mkdir(parents=True, exist_ok=True)
                (folder.version_dir / "tokenizer.json").write_text(pretrained.tokenizer, encoding="utf-8")
                write_config(config, folder.config)
                folder.encoder.write_text(pretrained.encoder.config.to_json_string(), encoding="utf-8")
        windower = windower_of(folder.version_dir, config.max_length)

        before_epochs(model, rows, windower, config)
        record = self.earlier or self._first_record(started, dataset, model, encoder_sha256)
        record = record.model_copy(update={"paraphrases": paraphrases})
        if self.earlier is None:
            before = scores("float32", judged(model, windower, splits.test, UNCALIBRATED))
            record = record.model_copy(update={"before": before})
        if main:
            folder.write(record)
        trained = train_epochs(
            model,
            rows,
            windower,
            config,
            title=f"fine-tune ({config.method.kind})",
            validation=splits.calibration,
            checkpoint=folder.checkpoint,
            after_epoch=lambda epoch, report: self._after_epoch(epoch, report, record, began),
        )
        if not main:
            return folder
        after = export(folder, config, model, windower, dataset, notes=record.warnings)
        self._finish(record, trained, after, began)
        track(folder.read(), config)
        return folder

    def _first_record(
        self, started: datetime, dataset: Dataset, model: TriageBert, encoder_sha256: str
    ) -> RunRecord:
        config = self.config
        record = first_record(
            config,
            dataset,
            model,
            started,
            data_name=Path(config.data).name if config.data else "corpus",
            encoder=config.encoder,
            method=config.method.kind,
            device=processes().device.type,
            processes=processes().num_processes,
        )
        return record.model_copy(
            update={
                "encoder_sha256": encoder_sha256,
                "warnings": data_warnings(dataset),
            }
        )

    def _after_epoch(self, epoch: EpochRecord, report: str, record: RunRecord, began: float) -> None:
        self.folder.add_epoch(record, epoch, report, minutes=record.minutes + (monotonic() - began) / 60)

    def _finish(
        self,
        record: RunRecord,
        trained: Trained,
        after: tuple[Score, ...],
        began: float,
    ) -> None:
        finished = {
            "status": "finished",
            "minutes": record.minutes + (monotonic() - began) / 60,
            "training_minutes": sum(epoch.minutes for epoch in trained.epochs),
            "trainable_parameters": trained.trainable_parameters,
            "peak_memory_mb": peak_memory_mb(trained.device),
            "epochs": trained.epochs,
            "best_epoch": trained.best_epoch,
            "after": after,
            "files_sha256": sha256_of(self.folder.version_dir),
        }
        self.folder.write(record.model_copy(update=finished))
        for leftover in self.folder.checkpoint.glob("*"):
            leftover.unlink()
        if self.folder.checkpoint.is_dir():
            self.folder.checkpoint.rmdir()


def export(
    folder: RunFolder,
    config: TrainConfig,
    model: TriageBert,
    windower: Windower,
    dataset: Dataset,
    *,
    notes: Sequence[str] = (),
) -> tuple[Score, ...]:
    """Write the weights and the version that is served beside its `tokenizer.json`; return its figures.

    `notes` go on its card.
    """
    version_dir = folder.version_dir
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, folder.weights)
    export_int8(model, version_dir / "model.onnx")
    packaged = package(model, windower, dataset, config, version_dir, system="int8", notes=notes)
    after = scores("float32", judged(model, windower, dataset.splits.test, packaged.fitted.calibrated))
    return after + scores(None, packaged.results)


def data_warnings(dataset: Dataset) -> tuple[str, ...]:
    """Return what a reader of its figures must know of the data first; none of it ends a run."""
    return (*told_empty(dataset.splits), *told_leaks(find_leaks(dataset)))


def load_data(config: TrainConfig) -> Dataset:
    """Read or write what the configuration trains on. Raises BadData."""
    if config.data is None:
        return write_corpus("corpus", config.corpus_messages, seed=config.seed)
    return read_labelled(Path(config.data), seed=config.seed)


def _check_labels(train: Sequence[Row], calibration: Sequence[Row]) -> None:
    for part, rows in (("train", train), ("calibration", calibration)):
        for task in ("diagnosis", "urgency"):
            if not labelled(rows, task)[0]:
                raise NothingToLearn(
                    f"the {part} split has no row with a label for {task}: both heads are trained and calibrated"
                )
