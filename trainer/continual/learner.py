"""A model with what it carries from round to round, and how it learns a round's rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from streams.text import Windower
from trainer.batches import encode
from trainer.continual.levels import LevelPosterior, fit_levels, posterior_of, shortened
from trainer.continual.memory import Memory
from trainer.continual.regularisers import Importance, ewc, importance_of, lwf, together
from trainer.continual.rehearsal import rehearse
from trainer.continual.statistics import ClassStatistics
from trainer.continual.strategies import Strategy
from trainer.data.rows import Row, labelled, stack_vitals
from trainer.model import TriageBert
from trainer.probe import Probing, embed, probe
from trainer.runs import EpochRecord
from trainer.tuning.config import Full, Lora, TrainConfig
from trainer.tuning.loop import Regulariser, Trained, train_epochs

__all__ = ["Embedder", "Learner", "diagnosis_indices"]

_EMBEDDING_BATCH = 32
_NO_DIAGNOSIS = -1

Embedder = Callable[[Sequence[Row]], NDArray[np.float32]]
"""From k rows to their embeddings [k, h]."""


@dataclass(slots=True)
class Learner:
    """`embedder`: where the served graph is asked in place of `model`, which then only lends its heads.

    `harm`: how much a model does wrong on rows that are known already; the urgency head moves while it doesn't grow.
    `known_labels`: indices of the diagnoses it has met; `levels_known`: whether it has met a level.
    """

    model: TriageBert
    windower: Windower
    strategy: Strategy
    embedder: Embedder | None = None
    memory: Memory = field(default_factory=Memory)
    statistics: ClassStatistics | None = None
    posterior: LevelPosterior | None = None
    importance: Importance | None = None
    harm: Callable[[TriageBert], float] | None = None
    known_labels: set[int] = field(default_factory=set)
    levels_known: bool = False

    def embed(self, rows: Sequence[Row]) -> NDArray[np.float32]:
        """Return the embeddings [k, h] as the model makes them now."""
        if self.embedder is not None:
            return self.embedder(rows)
        ids = encode(rows, self.windower)
        return embed(self.model, ids, batch_size=_EMBEDDING_BATCH, title="embed").numpy()

    def met(self, rows: Sequence[Row], *, seed: int) -> None:
        """Take rows that the model has learned already for what this strategy carries: the past of round one."""
        embedding = self.embed(rows)
        if self.strategy.sums:
            self.statistics = self._sums().plus(embedding, diagnosis_indices(rows))
            known = [row.urgency_level is not None for row in rows]
            self.posterior = posterior_of(self.model, embedding[known], stack_vitals(rows)[known])
            if self.strategy.heads == "statistics":
                self._set_diagnosis_head()
        self._consolidate(rows, embedding, seed=seed)

    def value_past(self, rows: Sequence[Row], *, seed: int) -> None:
        """Take from `rows`, which the model can answer, which of its weights matter (EWC)."""
        self.importance = importance_of(self.model, rows, self.windower, self.importance, seed=seed)

    def learn(
        self,
        rows: Sequence[Row],
        config: TrainConfig,
        *,
        title: str,
        checkpoint: Path | None = None,
        validation: Sequence[Row] = (),
        after_epoch: Callable[[EpochRecord, str], None] = lambda _record, _report: None,
    ) -> Trained | None:
        """Learn one round. Returns how its epochs went, if it had any. Raises as `train_epochs` does."""
        trained = None
        if self.strategy.encoder == "frozen":
            if self.strategy.sums:
                self._refit_heads(rows, seed=config.seed)
            else:
                probing = Probing(seed=config.seed)
                probe(self.model, self._with_replay(rows), self.windower, probing, title=title)
        else:
            method = Lora() if self.strategy.encoder == "lora" else Full()
            trained = train_epochs(
                self.model,
                self._with_replay(rows),
                self.windower,
                config.model_copy(update={"method": method}),
                title=title,
                validation=validation,
                checkpoint=checkpoint,
                after_epoch=after_epoch,
                regulariser=self._regulariser(),
            )
        self._consolidate(rows, None, seed=config.seed)
        return trained

    def _with_replay(self, rows: Sequence[Row]) -> list[Row]:
        return [*rows, *self.memory.repeated(len(rows))]

    def _regulariser(self) -> Regulariser | None:
        parts: list[Regulariser] = []
        if self.strategy.ewc and self.importance is not None:
            parts.append(ewc(self.model, self.importance, self.strategy.ewc))
        if self.strategy.lwf and (self.known_labels or self.levels_known):
            parts.append(
                lwf(self.model, self.known_labels, levels_known=self.levels_known, weight=self.strategy.lwf)
            )
        return together(parts)

    def _sums(self) -> ClassStatistics:
        head = self.model.diagnosis_head
        return self.statistics or ClassStatistics.empty(head.out_features, head.in_features)

    def _refit_heads(self, rows: Sequence[Row], *, seed: int) -> None:
        embedding = self.embed(rows)
        indices = diagnosis_indices(rows)
        past = self._sums()
        self.statistics = past.plus(embedding, indices)
        if self.strategy.heads == "rehearsal":
            rehearse(self.model.diagnosis_head, past, embedding, indices, seed=seed)
        elif (indices >= 0).any():
            self._set_diagnosis_head()
        _, levels = labelled(rows, "urgency")
        if len(levels):
            known = [row.urgency_level is not None for row in rows]
            vitals = stack_vitals(rows)[known]
            before = self.posterior or posterior_of(self.model, embedding[:0], vitals[:0])
            after = fit_levels(self.model, embedding[known], vitals, levels, before, seed=seed)
            harm = self.harm
            if harm is not None:
                after = shortened(self.model, before, after, lambda: harm(self.model))
            self.posterior = after

    @torch.no_grad()
    def _set_diagnosis_head(self) -> None:
        if self.statistics is None or not self.statistics.count[:-1].any():
            return
        weight, bias = self.statistics.head()
        self.model.diagnosis_head.weight.copy_(torch.from_numpy(weight))
        self.model.diagnosis_head.bias.copy_(torch.from_numpy(bias))

    def _consolidate(self, rows: Sequence[Row], embedding: NDArray[np.float32] | None, *, seed: int) -> None:
        strategy = self.strategy
        if strategy.replay == "exemplars" and embedding is None:
            embedding = self.embed(rows)
        at = np.zeros((len(rows), 0), np.float32) if embedding is None else embedding
        self.memory = self.memory.after(rows, at, strategy.replay, seed=seed)
        if strategy.ewc:
            self.value_past(rows, seed=seed)
        self.known_labels |= {row.diagnosis_index for row in rows if row.diagnosis_index is not None}
        self.levels_known |= any(row.urgency_level is not None for row in rows)


def diagnosis_indices(rows: Sequence[Row]) -> NDArray[np.int64]:
    """Return [k], -1 where a row has no diagnosis."""
    indices = [row.diagnosis_index for row in rows]
    return np.array([_NO_DIAGNOSIS if index is None else index for index in indices], dtype=np.int64)
