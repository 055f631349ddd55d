"""Every way of fine-tuning on the same rows for the same number of epochs: what each brings, and what it costs.

Each method is a preset of `triage train` with the epochs, the batch size and the window made equal; rates stay its own.
One run is one process. What was measured is kept, by rows and configuration, so that a table can grow.
"""

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

from ops.bench.method_run import Job, Outcome, judged_sets
from ops.bench.method_table import BASELINE, Comparison, compare
from ops.bench.processes import BenchmarkFailed
from trainer.baselines import BagOfWords
from trainer.cost import Meter
from trainer.data.dataset import Dataset, make_dataset, read_dataset, write_dataset
from trainer.data.importing import PUBLIC_SOURCES, WRITTEN_SOURCES
from trainer.data.manifest import Origin
from trainer.data.rows import DIAGNOSIS_LABELS, URGENCY_LEVELS, Row
from trainer.data.splits import Shares
from trainer.encoders import PACKAGED
from trainer.provenance import DATA
from trainer.tuning.config import TrainConfig
from trainer.tuning.reading import preset_names, read_config

__all__ = ["KEPT", "MethodsPlan", "bench_data", "key_of", "measure"]

KEPT = Path(".triage/bench/methods")
_WRITTEN, _UNSEEN = "corpus", ("symptom2disease", "ktas")
_SHARES = Shares(calibration=0.0, test=0.4)
_FEW = 300
_SEED = 11
_LOG_TAIL_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class MethodsPlan:
    """`methods`: presets (all of them by default) or YAML files.

    `data`: a dataset's folder; otherwise `messages` written ones are split, and real sources below `real`, where they
    are, are judged unseen. `encoder`: see TrainConfig; a YAML file that names another keeps it.
    """

    methods: tuple[str, ...] = ()
    seeds: int = 3
    data: Path | None = None
    messages: int = 700
    real: Path | None = None
    epochs: int = 2
    batch_size: int = 16
    max_length: int = 64
    parallel: int = 1
    kept: Path = KEPT
    encoder: str = "packaged"

    def config(self, method: str, seed: int) -> TrainConfig:
        """Return the method on this budget. Raises ConfigInvalid."""
        given = read_config(Path(method)) if _is_file(method) else read_config(preset=method)
        equal = {
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "accumulation": 1,
            "max_length": self.max_length,
            "early_stopping": None,
            "encoder": self.encoder if given.encoder == PACKAGED else given.encoder,
            "seed": seed,
            "threads": 1,
        }
        return given.model_copy(update=equal)


def measure(plan: MethodsPlan, say: Callable[[str], None]) -> Comparison:
    """Train every method with every seed, and compare. Raises BenchmarkFailed, ConfigInvalid, BadData."""
    methods = plan.methods or preset_names()
    jobs = [(method, seed) for seed in range(plan.seeds) for method in methods]
    configs = {job: plan.config(*job) for job in jobs}
    with tempfile.TemporaryDirectory(prefix="triage-methods-") as made:
        dataset = read_dataset(plan.data) if plan.data is not None else bench_data(plan.messages, plan.real)
        folder = plan.data or Path(made) / "rows"
        if plan.data is None:
            write_dataset(dataset, folder)
        say(f"{len(dataset.splits.train)} training rows, {len(jobs)} runs, {plan.parallel} at a time")
        outcomes = {BASELINE: [_baseline(dataset)]}

        def run(job: tuple[str, int]) -> Outcome:
            outcome = _run(Job(data=str(folder), config=configs[job]), dataset, plan.kept, Path(made))
            say(f"{_title(job[0])}, seed {job[1]}: {outcome.cpu_minutes:.1f} CPU minutes")
            return outcome

        with ThreadPoolExecutor(plan.parallel) as pool:
            done = dict(zip(jobs, pool.map(run, jobs), strict=True))
    outcomes |= {_title(method): [done[(method, seed)] for seed in range(plan.seeds)] for method in methods}
    return compare(dataset, outcomes, budget=_budget(plan, configs))


def _is_file(method: str) -> bool:
    return method.endswith((".yaml", ".yml"))


def _title(method: str) -> str:
    return Path(method).stem if _is_file(method) else method


def bench_data(messages: int, real: Path | None, *, few: int = _FEW) -> Dataset:
    """Return written messages, split, and real sources below `real` that are test rows whole.

    Of symptom2disease: all rows of the illnesses and `few` others, as the others are many.
    """
    rows = WRITTEN_SOURCES[_WRITTEN](messages, _SEED)
    sources = [_WRITTEN]
    for source in _UNSEEN if real is not None else ():
        if real is not None and (real / PUBLIC_SOURCES[source].file).exists():
            rows += _thinned(PUBLIC_SOURCES[source].load(real), few)
            sources.append(source)
    origins = [
        Origin(source=one, description=use.description, provenance=use.provenance, licence=use.licence)
        for one in sources
        for use in [DATA[one]]
    ]
    return make_dataset(rows, origins, shares=_SHARES, held_out=sources[1:], seed=_SEED)


def _thinned(rows: Sequence[Row], few: int) -> list[Row]:
    others = [number for number, row in enumerate(rows) if row.diagnosis == "normal"]
    dropped = set(Random(_SEED).sample(others, max(0, len(others) - few)))
    return [row for number, row in enumerate(rows) if number not in dropped]


def _baseline(dataset: Dataset) -> Outcome:
    splits, meter = dataset.splits, Meter()
    classes: Mapping[str, int] = {"diagnosis": len(DIAGNOSIS_LABELS), "urgency": len(URGENCY_LEVELS)}
    fitted = {task: BagOfWords(splits.train, task) for task in classes}
    cost = meter.read("cpu")
    return Outcome(
        answers={
            "/".join(key): tuple(fitted[key[1]].probabilities(rows, classes[key[1]]).argmax(axis=1).tolist())
            for key, rows in judged_sets(splits.test).items()
        },
        trained_parameters=None,
        minutes=cost.minutes,
        cpu_minutes=cost.cpu_minutes,
        peak_memory_mb=None,
    )


def key_of(job: Job, dataset: Dataset) -> str:
    """Return what a run is kept under: its rows and its whole configuration, the kind of method included."""
    named = job.config.model_dump_json()
    return hashlib.sha256(f"{dataset.manifest.content_sha256} {named}".encode()).hexdigest()[:24]


def _run(job: Job, dataset: Dataset, kept: Path, folder: Path) -> Outcome:
    key = key_of(job, dataset)
    result = kept / f"{key}.json"
    if not result.exists():
        job_file, log, unfinished = (folder / f"{key}.{end}" for end in ("job", "log", "result"))
        job_file.write_text(job.model_dump_json(), encoding="utf-8")
        with log.open("wb") as output:
            command = [sys.executable, "-m", "ops.bench.method_run", str(job_file), str(unfinished)]
            status = subprocess.run(command, check=False, stdout=output, stderr=output).returncode
        if status != 0:
            end = log.read_text(errors="replace")[-_LOG_TAIL_CHARACTERS:]
            raise BenchmarkFailed(f"{job.config.method.kind} ended with status {status}\n{end}")
        kept.mkdir(parents=True, exist_ok=True)
        result.write_bytes(unfinished.read_bytes())
    return Outcome.model_validate_json(result.read_bytes())


def _budget(plan: MethodsPlan, configs: Mapping[tuple[str, int], TrainConfig]) -> str:
    encoder = "all-MiniLM-L6-v2" if plan.encoder == "packaged" else "another encoder"
    return (
        f"{plan.epochs} epochs in batches of {plan.batch_size}, windows of {plan.max_length} tokens, {encoder}, "
        f"{plan.seeds} seeds, float32, 1 thread a run"
    )
