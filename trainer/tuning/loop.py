"""The epochs: both tasks at once, each row teaching what it has labels for, on one device or several.

Accelerate places the model and joins the processes that `torchrun` started; each of them draws the same
batches and takes its share. Precision is set here: the encoder may run in bf16, heads and losses stay in float32.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import torch
from accelerate.utils import broadcast_object_list, gather_object
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor, nn

from streams.text import Windower
from trainer.batches import Batch, VitalsDropout, batches, encode
from trainer.data.rows import Row
from trainer.losses import TaskLosses, disagreement
from trainer.model import TriageBert
from trainer.processes import accelerator
from trainer.runs import EpochRecord
from trainer.tuning.adversary import Adversary
from trainer.tuning.augment import vary
from trainer.tuning.checkpoint import Checkpoint
from trainer.tuning.config import GradualUnfreezing, TrainConfig
from trainer.tuning.methods import apply
from trainer.tuning.optimizers import make_optimizer, make_schedule
from trainer.tuning.reading import ConfigInvalid
from trainer.tuning.validate import validate

__all__ = ["Regulariser", "Trained", "train_epochs"]

Regulariser = Callable[[Batch, tuple[Tensor, Tensor]], Tensor]
"""From a batch and the logits of both heads to a penalty."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What the epochs were, which one's weights were kept, and how many parameters took part."""

    epochs: tuple[EpochRecord, ...]
    best_epoch: int
    trainable_parameters: int
    device: str
    processes: int


def train_epochs(
    model: TriageBert,
    rows: Sequence[Row],
    windower: Windower,
    config: TrainConfig,
    *,
    title: str,
    validation: Sequence[Row] = (),
    checkpoint: Path | None = None,
    after_epoch: Callable[[EpochRecord, str], None] = lambda _record, _report: None,
    regulariser: Regulariser | None = None,
) -> Trained:
    """Train `model` in place, the method merged at the end; goes on from `checkpoint` where there is one.

    Rows come with their paraphrases (`trainer.paraphrase.using`), of which the configuration says how many are drawn.
    `after_epoch` gets the record and the classification report of each epoch, on the main process. `regulariser`: what
    else is added to each batch's loss.
    Raises ConfigInvalid where the method does not fit the encoder, CheckpointUnreadable.
    """
    loop = _Loop(model, rows, windower, config, validation, regulariser)
    start = loop.restore(checkpoint) if checkpoint is not None else 0
    with _progress(disable=not loop.accelerator.is_main_process) as progress:
        total = config.epochs * loop.steps_per_epoch
        task = progress.add_task(title, total=total, completed=start * loop.steps_per_epoch, losses="")

        def shown(diagnosis: float, urgency: float) -> None:
            progress.update(task, advance=1, losses=f"diagnosis {diagnosis:.2f} urgency {urgency:.2f}")

        for epoch in range(start, config.epochs):
            if loop.stopped:
                break
            loop.run_epoch(epoch, shown)
            report = loop.judge()
            if checkpoint is not None:
                loop.save(checkpoint)
            if loop.accelerator.is_main_process:
                after_epoch(loop.records[-1], report)
    return loop.finish()


@dataclass(slots=True)
class _Best:
    epoch: int = 0
    figure: float = float("-inf")
    weights: dict[str, Tensor] = field(default_factory=dict)


class _Forward(nn.Module):
    """What is differentiated: the logits of both heads [b, d], [b, 5]."""

    def __init__(self, model: TriageBert, *, bf16: bool) -> None:
        super().__init__()
        self.model, self._bf16 = model, bf16

    def forward(self, input_ids: Tensor, attention_mask: Tensor, vitals: Tensor) -> tuple[Tensor, Tensor]:
        with torch.autocast(input_ids.device.type, torch.bfloat16, enabled=self._bf16):
            embedding = self.model.embed(input_ids, attention_mask)
        return self.model.decide(embedding.float(), vitals)


class _Loop:
    def __init__(
        self,
        model: TriageBert,
        rows: Sequence[Row],
        windower: Windower,
        config: TrainConfig,
        validation: Sequence[Row],
        regulariser: Regulariser | None,
    ) -> None:
        self.accelerator = accelerator()
        self._model, self._rows, self._windower, self._config = model, rows, windower, config
        self._validation = validation
        count = -(-len(rows) // config.batch_size)
        per_process = -(-count // self.accelerator.num_processes)
        self.steps_per_epoch = -(-per_process // config.accumulation)
        steps = config.epochs * self.steps_per_epoch
        self._method = apply(config.method, model, steps=steps)
        if isinstance(config.method, GradualUnfreezing) and self.accelerator.num_processes > 1:
            raise ConfigInvalid("method: gradual_unfreezing trains in one process")
        forward = _Forward(model, bf16=config.precision == "bf16")
        self._forward: nn.Module = self.accelerator.prepare_model(forward)
        encoder = self._method.encoder_parameters()
        self._optimizer = make_optimizer(config.optimizer, model, encoder)
        self._schedule = make_schedule(config.optimizer, self._optimizer, steps)
        chosen = {id(p) for group in self._optimizer.param_groups for p in group["params"]}
        self._trained = [parameter for parameter in model.parameters() if id(parameter) in chosen]
        labels = model.diagnosis_head.out_features
        self._losses = TaskLosses(rows, config.losses, diagnosis_labels=labels)
        self._regulariser = regulariser
        strength = config.losses.adversarial
        self._adversary = Adversary(model, strength) if strength else None
        self._rng = np.random.default_rng(config.seed)
        self._step = 0
        self._best = _Best()
        self.records: list[EpochRecord] = []

    @property
    def stopped(self) -> bool:
        """Whether the figure has not grown for as long as the configuration is patient."""
        early = self._config.early_stopping
        return early is not None and bool(self._best.weights) and self._since_best() >= early.patience

    def _since_best(self) -> int:
        return len(self.records) - self._best.epoch

    def run_epoch(self, epoch: int, shown: Callable[[float, float], None]) -> None:
        began, totals = monotonic(), np.zeros(2)
        self._method.start_epoch(epoch)
        self._forward.train()
        groups = 0
        for group in _grouped(self._batches(), self._config.accumulation):
            losses = self._take_step(group)
            totals, groups = totals + losses, groups + 1
            shown(*losses)
        diagnosis, urgency = totals / groups
        record = EpochRecord(
            epoch=epoch + 1,
            diagnosis_loss=diagnosis,
            urgency_loss=urgency,
            macro_f1=None,
            qwk=None,
            minutes=(monotonic() - began) / 60,
        )
        self.records.append(record)

    def _take_step(self, group: list[Batch]) -> tuple[float, float]:
        """One optimizer step over a group of batches; returns both mean losses."""
        sums = [0.0, 0.0]
        self._optimizer.zero_grad(set_to_none=True)
        for number, batch in enumerate(group):
            last = number == len(group) - 1
            with nullcontext() if last else self.accelerator.no_sync(self._forward):
                losses = self._backward(batch, len(group))
            sums = [total + one.item() / len(group) for total, one in zip(sums, losses, strict=True)]
        torch.nn.utils.clip_grad_norm_(self._trained, self._config.optimizer.gradient_norm)
        self._optimizer.step()
        self._schedule.step()
        self._method.after_step(self._step)
        self._step += 1
        return sums[0], sums[1]

    def _backward(self, batch: Batch, batches_in_step: int) -> tuple[Tensor, Tensor]:
        """Add the gradients of one batch; returns both mean losses."""
        adversary = self._adversary
        with adversary.watching() if adversary is not None else nullcontext():
            loss, losses = self._loss(batch)
            self.accelerator.backward(loss / batches_in_step)
        if adversary is not None:
            with adversary.attacking():
                self.accelerator.backward(self._loss(batch)[0] / batches_in_step)
        return losses

    def _loss(self, batch: Batch) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """What is minimised, and both mean losses."""
        weights = self._config.losses
        seen = batch.twice() if weights.r_drop else batch
        logits = self._forward(seen.input_ids, seen.attention_mask, seen.vitals)
        losses = self._losses(logits[0], logits[1], seen.diagnosis, seen.urgency)
        loss = weights.diagnosis_weight * losses[0] + weights.urgency_weight * losses[1]
        if weights.r_drop:
            loss = loss + weights.r_drop * (disagreement(logits[0]) + disagreement(logits[1]))
        penalty = self._method.penalty()
        loss = loss if penalty is None else loss + penalty
        if self._regulariser is not None:
            loss = loss + self._regulariser(seen, logits)
        return loss, losses

    def _batches(self) -> Iterator[Batch]:
        """This process's share of one epoch; every process gets the same number."""
        settings = self._config.augmentation
        rows = vary(self._rows, settings, self._rng)
        dropout = VitalsDropout(whole=settings.vitals_hidden, field=settings.vital_hidden)
        ids = encode(rows, self._windower)
        drawn = batches(rows, ids, size=self._config.batch_size, rng=self._rng, dropout=dropout)
        count, index = self.accelerator.num_processes, self.accelerator.process_index
        if count > 1:
            every = list(drawn)
            every += every[: -len(every) % count]
            drawn = iter(every[index::count])
        for batch in drawn:
            yield batch.to(self.accelerator.device)

    def judge(self) -> str:
        """Fill in the last record's figures, keep the weights if they are the best; return the report."""
        main = self.accelerator.is_main_process
        result = (
            validate(self._model, self._validation, self._windower) if main and self._validation else None
        )
        (result,) = broadcast_object_list([result])
        if result is None:
            return ""
        figures = {"macro_f1": result.macro_f1, "qwk": result.qwk}
        self.records[-1] = self.records[-1].model_copy(update=figures)
        early = self._config.early_stopping
        figure = result.figure(early.figure) if early is not None else None
        if figure is not None and figure > self._best.figure:
            weights = {name: value.detach().cpu().clone() for name, value in self._model.state_dict().items()}
            self._best = _Best(len(self.records), figure, weights)
        return str(result.report)

    def save(self, folder: Path) -> None:
        states = gather_object([_torch_state(self.accelerator.device)])
        if self.accelerator.is_main_process:
            best = self._best
            Checkpoint(
                epochs=len(self.records),
                model=self._model.state_dict(),
                optimizer=self._optimizer.state_dict(),
                schedule=self._schedule.state_dict(),
                method=self._method.state(),
                rows_rng=dict(self._rng.bit_generator.state),
                torch_rng=states,
                records=[record.model_dump() for record in self.records],
                best=(best.epoch, best.figure, best.weights) if best.weights else None,
            ).write(folder)
        self.accelerator.wait_for_everyone()

    def restore(self, folder: Path) -> int:
        """Take back what `save` wrote; returns how many epochs are done."""
        saved = Checkpoint.read(folder)
        if saved is None:
            return 0
        self._model.load_state_dict(saved.model)
        self._optimizer.load_state_dict(saved.optimizer)
        self._schedule.load_state_dict(saved.schedule)
        self._method.restore(saved.method)
        self._rng.bit_generator.state = saved.rows_rng
        _restore_torch(saved.torch_rng[self.accelerator.process_index], self.accelerator.device)
        self.records = [EpochRecord.model_validate(record) for record in saved.records]
        self._best = _Best(*saved.best) if saved.best is not None else _Best()
        self._step = saved.epochs * self.steps_per_epoch
        return saved.epochs

    def finish(self) -> Trained:
        if self._best.weights:
            self._model.load_state_dict(self._best.weights)
        self._model.cpu().eval()
        if self._adversary is not None:
            self._adversary.leave()
        self._method.merge()
        return Trained(
            epochs=tuple(self.records),
            best_epoch=self._best.epoch or len(self.records),
            trainable_parameters=sum(parameter.numel() for parameter in self._trained),
            device=self.accelerator.device.type,
            processes=self.accelerator.num_processes,
        )


def _grouped(drawn: Iterator[Batch], size: int) -> Iterator[list[Batch]]:
    group: list[Batch] = []
    for batch in drawn:
        group.append(batch)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group


def _torch_state(device: torch.device) -> list[Tensor]:
    states = [torch.get_rng_state()]
    return [*states, torch.cuda.get_rng_state(device)] if device.type == "cuda" else states


def _restore_torch(states: list[Tensor], device: torch.device) -> None:
    torch.set_rng_state(states[0])
    if device.type == "cuda" and len(states) > 1:
        torch.cuda.set_rng_state(states[1], device)


def _progress(*, disable: bool) -> Progress:
    columns: tuple[Any, ...] = (
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        "{task.fields[losses]}",
    )
    return Progress(*Progress.get_default_columns()[:2], *columns, disable=disable)
