"""One round, top to bottom: `triage train continue`.

    start -> new labels -> figures before -> learn -> export -> calibrate -> figures after -> card, record, state

What comes out is a run's folder as `triage train` makes it, its version one higher than the one it continues. It is a
candidate: nothing here decides whether it may be served.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import monotonic

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from safetensors.torch import save_file
from sklearn.metrics import confusion_matrix

from streams.domain.profile import ModelProfile
from trainer import bundle, calibrate
from trainer.continual.labels import read_new
from trainer.continual.learner import Learner
from trainer.continual.levels import posterior_of
from trainer.continual.pseudo import with_pseudo_labels
from trainer.continual.start import TRAINED_BEFORE, Start, StartUnusable, read_start, write_state
from trainer.continual.strategies import DEFAULT, strategy_named
from trainer.cost import peak_memory_mb
from trainer.data import corpus, visits
from trainer.data.dataset import Dataset
from trainer.data.errors import NothingToLearn
from trainer.data.rows import URGENCY_LEVELS, Row, labelled, stack_vitals
from trainer.evaluate import Calibrated, Result, model_results
from trainer.export import export_int8
from trainer.finetune import make_deterministic
from trainer.fit import Fitted, refit_temperatures
from trainer.metrics import under_triage
from trainer.model import TriageBert
from trainer.packaging import by_source
from trainer.paraphrase.using import in_other_words
from trainer.provenance import DataUse
from trainer.recording import first_record, scores
from trainer.runs import MODEL_NAME, Continued, EpochRecord, ParaphrasesUsed, RunFolder, RunRecord
from trainer.served import ServedGraph
from trainer.server_code import ServerCodeUnknown
from trainer.tuning.config import TrainConfig
from trainer.tuning.loop import Trained
from trainer.tuning.reading import read_config, write_config
from trainer.versions import copy_server_files, counted, write_card

__all__ = ["Round", "continue_from", "resume"]

_PAST_VISITS, _PAST_STORIES = 400, 200
_ROUND = "round.json"


class Round(BaseModel):
    """`continual/round.json`: what a round was told. `pseudo_from`: see `trainer.continual.pseudo`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: str
    new: str
    strategy: str = DEFAULT
    pseudo_from: float | None = None


def continue_from(told: Round, config: TrainConfig, runs_dir: Path) -> RunFolder:
    """Make a candidate. Raises StartUnusable, StrategyUnknown, BadData, ConfigInvalid."""
    started = datetime.now(UTC)
    name = config.name or f"{told.strategy}-{started:%Y%m%d-%H%M%S}"
    folder = RunFolder(runs_dir / name)
    if folder.record.exists():
        raise StartUnusable(f"{folder.path} exists: name another run, or go on with --resume {folder.path}")
    return _Candidate(told, config.model_copy(update={"name": name}), folder, None).make(started)


def resume(path: Path) -> RunFolder:
    """Go on with an interrupted round. Raises NotARun and what `continue_from` raises."""
    folder = RunFolder(path)
    record = folder.read()
    if record.status == "finished" or record.continued is None:
        raise StartUnusable(f"{path} is {'finished' if record.status == 'finished' else 'no such round'}")
    told = Round.model_validate_json((folder.continual / _ROUND).read_bytes())
    return _Candidate(told, read_config(folder.config), folder, record).make(record.started_at)


@dataclass(slots=True)
class _Candidate:
    told: Round
    config: TrainConfig
    folder: RunFolder
    earlier: RunRecord | None

    def make(self, started: datetime) -> RunFolder:
        began, config = monotonic(), self.config
        make_deterministic(config.seed, config.threads)
        start, new = read_start(Path(self.told.start)), read_new(Path(self.told.new), seed=config.seed)
        if self.earlier is not None and self.earlier.data.sha256 != new.manifest.content_sha256:
            raise StartUnusable("the new labels are not what the round began with")
        served = _served(start, config.threads)
        before = _calibrated(start.bundle.profile)
        rows = with_pseudo_labels(new.splits.train, served, before, self.told.pseudo_from)
        if not rows:
            raise NothingToLearn("the train split of the new labels has no labelled row")
        learner = self._learner(start, served)
        rows, paraphrases = self._in_other_words(rows, learner)
        if self.earlier is not None and self.earlier.paraphrases != paraphrases:
            raise StartUnusable("the paraphrases are not what the round began with")
        first = self.earlier or self._first_record(
            started, start, new, learner, pseudo=len(rows) - _labels(new)
        )
        if self.earlier is None:
            results = _judged(served, new.splits.test, before)
            first = first.model_copy(update={"before": scores("int8", results), "paraphrases": paraphrases})
        self._begin(first)
        trained = learner.learn(
            rows,
            config,
            title=f"learn ({self.told.strategy})",
            checkpoint=self.folder.checkpoint,
            validation=new.splits.calibration,
            after_epoch=lambda epoch, report: self._after_epoch(epoch, report, first, began),
        )
        results = self._export(start, learner, new, rows)
        self._finish(first, trained, results, learner, new, began)
        return self.folder

    def _learner(self, start: Start, served: ServedGraph) -> Learner:
        """Return the model with its past: what it carries, or what can be had of it."""
        strategy = strategy_named(self.told.strategy)
        memory = replace(start.memory, seen=start.memory.seen or start.trained_rows)
        learner = Learner(
            start.model,
            start.bundle.windower,
            strategy,
            memory=memory,
            known_labels=set(range(start.model.diagnosis_head.out_features)),
            levels_known=True,
        )
        past = self._past
        if strategy.sums:
            learner.embedder = lambda some: served.ask(some, title="embed").embedding
            learner.statistics = start.statistics
            embedding, vitals = learner.embed(past), stack_vitals(past)
            learner.posterior = start.posterior or posterior_of(
                start.model, embedding, vitals, rows=start.trained_rows
            )
            learner.harm = partial(_under_triaged, past, embedding, vitals, start.bundle.profile)
        elif strategy.ewc:
            learner.value_past([*past, *memory.rows], seed=self.config.seed)
        return learner

    def _in_other_words(self, rows: list[Row], learner: Learner) -> tuple[list[Row], ParaphrasesUsed | None]:
        """Give `rows` and those that are replayed their paraphrases, where there are epochs to draw them."""
        if learner.strategy.encoder == "frozen":
            return rows, None
        found, used = in_other_words([*rows, *learner.memory.rows], self.config)
        learner.memory = replace(learner.memory, rows=tuple(found[len(rows) :]))
        return found[: len(rows)], used

    @property
    def _past(self) -> list[Row]:
        """Written messages such as a version has learned from; not those of the gate."""
        seed = self.config.seed
        return [*visits.load(_PAST_VISITS, seed), *corpus.load(_PAST_STORIES, seed)]

    def _first_record(
        self, started: datetime, start: Start, new: Dataset, learner: Learner, *, pseudo: int
    ) -> RunRecord:
        profile = start.bundle.profile
        record = first_record(
            self.config,
            new,
            start.model,
            started,
            data_name=Path(self.told.new).name,
            encoder=start.card.encoder,
            method=self.told.strategy,
        )
        continued = Continued(
            version=f"{profile.name}/{profile.version}",
            run=None if start.run is None else start.run.path.name,
            graph_sha256=bundle.sha256_of(start.version_dir)["model.onnx"],
            weights=start.weights,
            strategy=self.told.strategy,
            replayed_rows=len(learner.memory.rows),
            seen_rows=learner.memory.seen,
            pseudo_labels=pseudo,
        )
        return record.model_copy(update={"continued": continued})

    def _begin(self, record: RunRecord) -> None:
        self.folder.continual.mkdir(parents=True, exist_ok=True)
        (self.folder.continual / _ROUND).write_text(self.told.model_dump_json() + "\n", encoding="utf-8")
        write_config(self.config, self.folder.config)
        self.folder.write(record)

    def _after_epoch(self, epoch: EpochRecord, report: str, first: RunRecord, began: float) -> None:
        self.folder.add_epoch(first, epoch, report, minutes=first.minutes + (monotonic() - began) / 60)

    def _export(self, start: Start, learner: Learner, new: Dataset, rows: Sequence[Row]) -> list[Result]:
        folder, model = self.folder, learner.model
        version_dir = folder.model_repository / MODEL_NAME / start.next_version
        version_dir.mkdir(parents=True, exist_ok=True)
        folder.encoder.write_text(model.encoder.config.to_json_string(), encoding="utf-8")
        save_file({name: value.contiguous() for name, value in model.state_dict().items()}, folder.weights)
        export_int8(model, version_dir / "model.onnx")
        copy_server_files(version_dir, model.diagnosis_head.in_features)
        shutil.copyfile(start.version_dir / "tokenizer.json", version_dir / "tokenizer.json")
        graph = ServedGraph(version_dir / "model.onnx", start.bundle.windower, workers=self.config.threads)
        before = _calibrated(start.bundle.profile)
        beside = [*rows, *self._past] if learner.statistics is not None else ()
        fitted = refit_temperatures(graph, new.splits.calibration, rows, before, beside=beside)
        profile = _write_profile(start, learner, graph, fitted, new, rows, version_dir)
        results = _judged(graph, new.splits.test, fitted)
        thresholds = profile.thresholds
        uses = [DataUse(o.source, o.description, o.provenance, o.licence) for o in new.manifest.origins]
        write_card(
            model,
            profile,
            Fitted(fitted, thresholds.diagnosis_abstain_below, ()),
            results,
            {**counted(new.splits), TRAINED_BEFORE: start.card.trained_on},
            [*_uses_before(start, uses), *uses],
            {**self.told.model_dump(exclude={"start", "new"}), **self._recipe(start)},
            version_dir,
            encoder=start.card.encoder,
            data_sha256=new.manifest.content_sha256,
            notes=_notes(start, self.told.strategy),
        )
        return results

    def _recipe(self, start: Start) -> dict[str, object]:
        return {
            "continues": start.bundle.profile.version,
            **self.config.recipe(),
        }

    def _finish(
        self,
        first: RunRecord,
        trained: Trained | None,
        results: Sequence[Result],
        learner: Learner,
        new: Dataset,
        began: float,
    ) -> None:
        write_state(self.folder, learner.statistics, learner.posterior, learner.memory, new.manifest.origins)
        finished = {
            "status": "finished",
            "minutes": first.minutes + (monotonic() - began) / 60,
            "peak_memory_mb": peak_memory_mb("cpu"),
            "after": scores("int8", results),
            "files_sha256": bundle.sha256_of(self.folder.version_dir),
        }
        if trained is not None:
            finished |= {
                "training_minutes": sum(epoch.minutes for epoch in trained.epochs),
                "trainable_parameters": trained.trainable_parameters,
                "epochs": trained.epochs,
                "best_epoch": trained.best_epoch,
            }
        self.folder.write(first.model_copy(update=finished))
        shutil.rmtree(self.folder.checkpoint, ignore_errors=True)


def _served(start: Start, threads: int) -> ServedGraph:
    try:
        return ServedGraph(start.version_dir / "model.onnx", start.bundle.windower, workers=threads)
    except ServerCodeUnknown as error:
        raise StartUnusable(str(error)) from None


def _under_triaged(
    rows: Sequence[Row],
    embedding: NDArray[np.float32],
    vitals: NDArray[np.float32],
    profile: ModelProfile,
    model: TriageBert,
) -> float:
    """Return the share of the labelled of `rows` that `model` would publish as less urgent than they are."""
    with torch.no_grad():
        logits = model.decide(torch.from_numpy(embedding), torch.from_numpy(vitals))[1].numpy()
    p = calibrate.probabilities(logits, profile.urgency_temperature)
    published = calibrate.most_urgent_plausible(p, profile.thresholds.urgency_plausible_from)
    known = [row.urgency_level is not None for row in rows]
    _, truth = labelled(rows, "urgency")
    levels = range(len(URGENCY_LEVELS))
    return float(under_triage(confusion_matrix(truth, published[known], labels=levels).astype(float)))


def _labels(new: Dataset) -> int:
    return sum(row.diagnosis is not None or row.urgency_level is not None for row in new.splits.train)


def _calibrated(profile: ModelProfile) -> Calibrated:
    return Calibrated(
        profile.diagnosis_temperature,
        profile.urgency_temperature,
        profile.thresholds.urgency_plausible_from,
    )


def _judged(graph: ServedGraph, rows: Sequence[Row], calibrated: Calibrated) -> list[Result]:
    results: list[Result] = []
    for name, some in by_source(rows).items():
        answers = graph.ask(some, title=f"ask {name}")
        results += model_results("int8", f"{name}, held out", some, answers, calibrated)
    return results


def _write_profile(
    start: Start,
    learner: Learner,
    graph: ServedGraph,
    fitted: Calibrated,
    new: Dataset,
    rows: Sequence[Row],
    version_dir: Path,
) -> ModelProfile:
    """Write `bundle.json` and `domain.npz`: thresholds stay, temperatures and the domain follow the rows."""
    if learner.statistics is not None:
        statistics = learner.statistics.domain()
    else:
        known = [*rows, *learner.memory.rows]
        statistics = calibrate.domain_statistics(known, graph.ask(known, title="domain").embedding)
    old = start.bundle.domain
    if learner.strategy.encoder == "frozen":  # and so are the directions in which its embeddings vary
        statistics = replace(statistics, centre=old.centre, directions=old.directions)
    held_out = graph.ask(new.splits.calibration or rows, title="domain").embedding
    before = start.bundle.profile
    wide_enough = calibrate.out_of_domain_above(statistics, held_out)
    if (statistics.directions is None) == (old.directions is None):  # distances of one kind
        wide_enough = max(wide_enough, before.thresholds.out_of_domain_above)
    profile = before.model_copy(
        update={
            "version": version_dir.name,
            "diagnosis_temperature": fitted.diagnosis_temperature,
            "urgency_temperature": fitted.urgency_temperature,
            "thresholds": before.thresholds.model_copy(update={"out_of_domain_above": wide_enough}),
        }
    )
    bundle.write_domain(statistics, version_dir)
    bundle.write_profile(profile, version_dir)
    return profile


def _uses_before(start: Start, new: Sequence[DataUse]) -> list[DataUse]:
    names = {use.source for use in new}
    return [DataUse(**use) for use in start.card.data if use["source"] not in names]


def _notes(start: Start, strategy: str) -> tuple[str, ...]:
    profile = start.bundle.profile
    return (
        f"Continues {profile.name} {profile.version} by the strategy `{strategy}`, from {start.weights} weights. "
        "Figures here are of the new labels' test split alone; the gate judges what was known before.",
        "Thresholds are those of the version it continues; temperatures were fitted anew where there were "
        "enough labels.",
    )
