"""Every way of fine-tuning on the same rows for the same number of epochs: what each brings, and what it costs.

Each method is a preset of `triage train` with the epochs, the batch size and the window made equal; rates stay its own.
One run is one process. What was measured is kept, by rows and configuration, so that a table can grow.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

from ops.bench.method_run import Averages, Job, Outcome, few_of_each, judged_sets
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
from trainer.tuning.methods import mergeable
from trainer.tuning.reading import ConfigInvalid, preset_names, read_config

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
    are, are judged unseen. `encoder`: see TrainConfig; a YAML file that names another keeps it. `per_class`: see Job.
    `members`: so many runs of each method are also judged together, as a soup and as an ensemble.
    """

    methods: tuple[str, ...] = ()
    seeds: int = 3
    data: Path | None = None
    messages: int = 700
    real: Path | None = None
    epochs: int = 2
    batch_size: int = 16
    max_length: int = 64
    per_class: int | None = None
    members: int = 1
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

    def job(self, method: str, seed: int, folder: Path) -> Job:
        """Return one run of the method on the rows of `folder`. Raises ConfigInvalid."""
        return Job(data=str(folder), config=self.config(method, seed), per_class=self.per_class)

    def averaged(self, method: str, seed: int, folder: Path) -> Job:
        """Return `members` runs of which that with `seed` is the first; no run is in two. Raises ConfigInvalid."""
        job = self.job(method, seed, folder)
        if not mergeable(job.config.method):
            raise ConfigInvalid(
                f"{method}: what it adds stays in the encoder, so its weights are not averaged"
            )
        further = tuple(seed + self.seeds * number for number in range(1, self.members))
        return job.model_copy(update={"member_seeds": further})


def measure(plan: MethodsPlan, say: Callable[[str], None]) -> Comparison:
    """Train every method with every seed, and compare. Raises BenchmarkFailed, ConfigInvalid, BadData."""
    runs = [(method, seed) for seed in range(plan.seeds) for method in plan.methods or preset_names()]
    together = runs if plan.members > 1 else []
    with tempfile.TemporaryDirectory(prefix="triage-methods-") as made:
        folder = plan.data or Path(made) / "rows"
        jobs = [*(plan.job(*run, folder) for run in runs), *(plan.averaged(*run, folder) for run in together)]
        dataset = read_dataset(plan.data) if plan.data is not None else bench_data(plan.messages, plan.real)
        if plan.data is None:
            write_dataset(dataset, folder)
        outcomes = {BASELINE: _baselines(plan, dataset)}
        training_rows = _training_rows(plan, dataset)
        say(f"{training_rows} training rows, {len(jobs)} runs, {plan.parallel} at a time")

        def run_one(number: int) -> bytes:
            result = _run(jobs[number], dataset, plan.kept, Path(made))
            say(f"run {number + 1} of {len(jobs)}: {_title([*runs, *together][number][0])}")
            return result

        with ThreadPoolExecutor(plan.parallel) as pool:
            results = list(pool.map(run_one, range(len(jobs))))
    outcomes |= _by_title(plan, runs, results)
    return compare(dataset, outcomes, training_rows=training_rows, budget=_budget(plan))


def _by_title(
    plan: MethodsPlan, runs: Sequence[tuple[str, int]], results: Sequence[bytes]
) -> dict[str, list[Outcome]]:
    found: dict[str, list[Outcome]] = defaultdict(list)
    for (method, _), result in zip(runs, results, strict=False):
        found[_title(method)].append(Outcome.model_validate_json(result))
    for (method, _), result in zip(runs, results[len(runs) :], strict=False):
        averages = Averages.model_validate_json(result)
        found[f"{_title(method)}, soup of {plan.members}"].append(averages.soup)
        found[f"{_title(method)}, ensemble of {plan.members}"].append(averages.ensemble)
    return found


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


def _training_rows(plan: MethodsPlan, dataset: Dataset) -> int:
    return len(dataset.splits.train) if plan.per_class is None else plan.per_class * len(DIAGNOSIS_LABELS)


def _baselines(plan: MethodsPlan, dataset: Dataset) -> list[Outcome]:
    """One, or one a seed where each seed draws its rows. Raises NothingToLearn."""
    train, test = dataset.splits.train, dataset.splits.test
    if plan.per_class is None:
        return [_baseline(train, test)]
    return [_baseline(few_of_each(train, plan.per_class, seed), test) for seed in range(plan.seeds)]


def _baseline(train: Sequence[Row], test: Sequence[Row]) -> Outcome:
    meter = Meter()
    classes: Mapping[str, int] = {"diagnosis": len(DIAGNOSIS_LABELS), "urgency": len(URGENCY_LEVELS)}
    fitted = {task: BagOfWords(train, task) for task in classes}
    cost = meter.read("cpu")
    return Outcome(
        answers={
            "/".join(key): tuple(fitted[key[1]].probabilities(rows, classes[key[1]]).argmax(axis=1).tolist())
            for key, rows in judged_sets(test).items()
        },
        trained_parameters=None,
        minutes=cost.minutes,
        cpu_minutes=cost.cpu_minutes,
        peak_memory_mb=None,
    )


def key_of(job: Job, dataset: Dataset) -> str:
    """Return what a run is kept under: its rows and its whole configuration, the kind of method included."""
    named = job.config.model_dump_json()
    if more := job.model_dump(mode="json", exclude={"data", "config"}, exclude_defaults=True):
        named += json.dumps(more)
    return hashlib.sha256(f"{dataset.manifest.content_sha256} {named}".encode()).hexdigest()[:24]


def _run(job: Job, dataset: Dataset, kept: Path, folder: Path) -> bytes:
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
    return result.read_bytes()


def _budget(plan: MethodsPlan) -> str:
    encoder = "all-MiniLM-L6-v2" if plan.encoder == "packaged" else "another encoder"
    drawn = (
        "" if plan.per_class is None else f"{plan.per_class} of each diagnosis, drawn anew for each seed, "
    )
    return (
        f"{drawn}{plan.epochs} epochs in batches of {plan.batch_size}, windows of {plan.max_length} tokens, {encoder}, "
        f"{plan.seeds} seeds, float32, 1 thread a run"
    )
