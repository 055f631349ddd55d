"""A run is a folder: everything that one training run was given, did, measured and made.

    runs/<name>/
        config.yaml             the configuration, complete: `triage train config.yaml` does the same again;
                                of a soup: that of the best run in it
        run.json                RunRecord: data, code, seed, device, cost, figures of each epoch, before and after
        reports/epoch_N.txt     the classification report of each epoch, on the validation rows
        encoder.json            the encoder's shape (a transformers configuration)
        weights.safetensors     the trained float32 weights, adaptation merged where that is possible
        checkpoint/             what resuming needs; gone once the run is finished
        continual/              what the next round needs; only of `triage train continue`
        model_repo/triage_bert/ a model repository for Triton: config.pbtxt, and in 1/ model.onnx (int8), bundle.json,
                                tokenizer.json, domain.npz, model.py, model_card.json, MODEL_CARD.md; a run that
                                continues a version has the next number in place of 1

`run.json` exists from the first moment on; `status` says how far the run came. Nothing in it names a path or a host.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

__all__ = [
    "MODEL_NAME",
    "MODEL_VERSION",
    "Averaged",
    "CodeVersion",
    "Continued",
    "DataUsed",
    "EpochRecord",
    "Interval",
    "NotARun",
    "ParaphrasesUsed",
    "RunFolder",
    "RunRecord",
    "Score",
    "find_runs",
    "runs_with_memory",
]

MODEL_NAME, MODEL_VERSION = "triage_bert", "1"


class NotARun(ValueError):
    """The folder holds no readable `run.json`."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Interval(_Record):
    """A figure with its 95 % interval, None where there is none."""

    value: float
    low: float | None = None
    high: float | None = None


class Score(_Record):
    """The figures of one system on one test set and task, over `n` rows."""

    test_set: str
    task: Literal["diagnosis", "urgency"]
    system: str = Field(
        description='"float32" (the trained weights), "int8" (the served graph) or a baseline.'
    )
    n: int
    figures: dict[str, Interval] = Field(description="By name, as in trainer.evaluate: macro_f1, qwk, ...")


class EpochRecord(_Record):
    """One epoch: mean training losses, and figures on the validation rows (None: nothing there is labelled)."""

    epoch: int = Field(description="Counted from 1.")
    diagnosis_loss: float
    urgency_loss: float
    macro_f1: float | None
    qwk: float | None
    minutes: float


class DataUsed(_Record):
    """What was trained on: `sha256` is over all rows in their order, labels and splits included."""

    name: str
    sha256: str
    rows: dict[str, dict[str, int]] = Field(description="Rows by split and source.")


class ParaphrasesUsed(_Record):
    """The file that was drawn from, and how many training rows it has a paraphrase of."""

    sha256: str
    rows: int


class CodeVersion(_Record):
    """`commit` is None outside a git checkout; `changed`: files differed from that commit."""

    version: str
    commit: str | None
    changed: bool | None


class Continued(_Record):
    """What a run went on from, and how. `graph_sha256`: of the served graph of that version."""

    version: str = Field(description="As in a bundle: model/version.")
    run: str | None = Field(description="The run that made it; None where only the version is at hand.")
    graph_sha256: str
    weights: Literal["float32", "dequantized int8"]
    strategy: str
    replayed_rows: int
    seen_rows: int = Field(description="Rows of all rounds before this one, as far as they were counted.")
    pseudo_labels: int = 0


class Averaged(_Record):
    """What a soup was made of. Figures: the mean of macro-F1 and QWK on the calibration split."""

    way: Literal["uniform", "greedy"]
    runs: dict[str, float] = Field(description="Figure of each run that was given, by name.")
    put_in: tuple[str, ...] = Field(description="Those whose weights were averaged, the best first.")
    figure: float


class RunRecord(_Record):
    """What `run.json` holds."""

    name: str
    status: Literal["running", "finished"]
    started_at: datetime = Field(description="UTC.")
    minutes: float = Field(description="Wall time, the time before an interruption included.")
    training_minutes: float = Field(description="Of that, the epochs.")
    code: CodeVersion
    data: DataUsed
    paraphrases: ParaphrasesUsed | None = Field(
        default=None, description="None where none were drawn from, and in older records with `continued`."
    )
    seed: int
    encoder: str
    encoder_sha256: str | None = Field(
        default=None,
        description="Of the weights that it started from; None in older records and where it continues a version.",
    )
    method: str
    device: str
    processes: int
    precision: Literal["float32", "bf16"]
    parameters: int
    trainable_parameters: int = Field(description="At their most, where layers thaw one by one.")
    peak_memory_mb: float = Field(description="Highest resident memory of the process; on a GPU, its memory.")
    epochs: tuple[EpochRecord, ...] = ()
    best_epoch: int | None = Field(default=None, description="Whose weights were kept; None before the end.")
    before: tuple[Score, ...] = Field(default=(), description="On the test split, before fine-tuning.")
    after: tuple[Score, ...] = Field(default=(), description="On the test split, at the end.")
    files_sha256: dict[str, str] = Field(default={}, description="Of the exported version's folder.")
    warnings: tuple[str, ...] = Field(default=(), description="Of its data: what a reader must know first.")
    continued: Continued | None = None
    averaged: Averaged | None = None


class RunFolder:
    """The layout of one run on disk; `path` need not exist yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.yaml"
        self.record = path / "run.json"
        self.reports = path / "reports"
        self.encoder = path / "encoder.json"
        self.weights = path / "weights.safetensors"
        self.checkpoint = path / "checkpoint"
        self.model_repository = path / "model_repo"
        self.continual = path / "continual"
        self.memory = self.continual / "memory"
        # while it is written or replaced: what comes, and what it was
        self.memory_unfinished = self.continual / ".memory.unfinished"
        self.memory_before = self.continual / ".memory.before"

    @property
    def version_dir(self) -> Path:
        """The version that the run made; where there is none yet, the one that a run from scratch will make."""
        of_model = self.model_repository / MODEL_NAME
        made = [folder for folder in of_model.glob("*") if folder.name.isdigit()]
        return max(made, key=lambda folder: int(folder.name), default=of_model / MODEL_VERSION)

    def add_epoch(self, record: RunRecord, epoch: EpochRecord, report: str, *, minutes: float) -> None:
        """Write down that an epoch is over; one of the same number, from before an interruption, is replaced."""
        self.reports.mkdir(exist_ok=True)
        (self.reports / f"epoch_{epoch.epoch}.txt").write_text(report, encoding="utf-8")
        kept = tuple(one for one in self.read().epochs if one.epoch < epoch.epoch)
        self.write(record.model_copy(update={"epochs": (*kept, epoch), "minutes": minutes}))

    def read(self) -> RunRecord:
        """Return the record. Raises NotARun."""
        try:
            return RunRecord.model_validate_json(self.record.read_bytes())
        except FileNotFoundError:
            raise NotARun(f"{self.path}: no {self.record.name}") from None
        except ValidationError as error:
            fields = sorted({".".join(map(str, item["loc"])) or "(all)" for item in error.errors()})
            raise NotARun(f"{self.record}: not a run's record ({', '.join(fields)})") from None

    def write(self, record: RunRecord) -> None:
        """Replace the record at once: a reader never sees half of it."""
        self.path.mkdir(parents=True, exist_ok=True)
        unfinished = self.record.with_suffix(".json.new")
        unfinished.write_text(record.model_dump_json(indent=1) + "\n", encoding="utf-8")
        unfinished.replace(self.record)


def find_runs(runs_dir: Path) -> Iterator[tuple[RunFolder, RunRecord]]:
    """Yield the runs in a folder, oldest first; folders without `run.json` are none. Raises NotARun."""
    folders = [RunFolder(path.parent) for path in runs_dir.glob("*/run.json")]
    yield from sorted(((folder, folder.read()) for folder in folders), key=lambda run: run[1].started_at)


def runs_with_memory(runs_dir: Path) -> list[RunFolder]:
    """Return the runs that keep rows for replay, also of a write that broke off, and those that don't let it be seen.

    Raises OSError where `runs_dir` cannot be listed; where there is none, there are no runs.
    """
    if not runs_dir.is_dir():
        return []
    return [run for run in map(RunFolder, sorted(runs_dir.iterdir())) if _may_keep_rows(run)]


def _may_keep_rows(run: RunFolder) -> bool:
    try:
        return any(path.exists() for path in (run.memory, run.memory_unfinished, run.memory_before))
    except PermissionError:
        return True
