"""A smaller encoder learns to answer as the whole one does, on the training rows alone.

Loss: Kullback-Leibler divergence of both heads' answers (Hinton et al., 2015), the distance of the embeddings (they are
part of the contract: domain distance and active learning read them), and the labels (as in DistilBERT, Sanh et al.,
2019). The teacher reads each row once; hidden vital signs concern its heads alone, which are cheap.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from rich.progress import track
from torch import Tensor
from torch.nn.functional import kl_div

from streams.text import Windower
from trainer.batches import VitalsDropout, chunks, encode, labels, pad
from trainer.data.rows import Row, stack_vitals
from trainer.losses import TaskLosses
from trainer.model import TriageBert
from trainer.probe import embed
from trainer.tuning.config import Optimizer
from trainer.tuning.optimizers import make_optimizer, make_schedule

__all__ = ["Distillation", "distil"]


@dataclass(frozen=True, slots=True)
class Distillation:
    """How the student is trained; weights are of the parts of the loss, beside 1 for the teacher's answers."""

    epochs: int = 4
    batch_size: int = 16
    seed: int = 3
    temperature: float = 2.0
    embedding_weight: float = 1.0
    label_weight: float = 0.5
    optimizer: Optimizer = field(default_factory=Optimizer)


def distil(
    student: TriageBert,
    teacher: TriageBert,
    rows: Sequence[Row],
    windower: Windower,
    settings: Distillation,
    *,
    title: str,
) -> None:
    """Train `student` in place; it has the teacher's width. Word embeddings stay as they are."""
    ids, vitals, rng = encode(rows, windower), stack_vitals(rows), np.random.default_rng(settings.seed)
    taught = embed(teacher, ids, batch_size=settings.batch_size * 4, title=f"{title}: teacher")
    spread = (taught - taught.mean(dim=0)).square().mean()
    losses, dropout = TaskLosses(rows), VitalsDropout()
    diagnosis, urgency = (
        labels(row.diagnosis_index for row in rows),
        labels(row.urgency_index for row in rows),
    )
    student.encoder.requires_grad_(True)
    student.encoder.embeddings.requires_grad_(False)
    trained = [parameter for parameter in student.encoder.parameters() if parameter.requires_grad]
    optimizer = make_optimizer(settings.optimizer, student, trained)
    schedule = make_schedule(
        settings.optimizer, optimizer, settings.epochs * -(-len(rows) // settings.batch_size)
    )
    student.train()
    for epoch in range(settings.epochs):
        hidden = torch.from_numpy(dropout.hide(vitals, rng))
        drawn = chunks(ids, size=settings.batch_size, rng=rng)
        for chunk in track(drawn, f"{title}: epoch {epoch + 1}", transient=True):
            embedding = student.embed(*pad([ids[number] for number in chunk]))
            answers = student.decide(embedding, hidden[chunk])
            with torch.no_grad():
                wanted = teacher.decide(taught[chunk], hidden[chunk])
            loss = _divergence(answers, wanted, settings.temperature)
            apart = (embedding - taught[chunk]).square().mean() / spread
            by_label = sum(losses(*answers, diagnosis[chunk], urgency[chunk]), torch.zeros(()))
            loss = loss + settings.embedding_weight * apart + settings.label_weight * by_label
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(student.parameters(), settings.optimizer.gradient_norm)
            optimizer.step()
            schedule.step()
    student.eval()


def _divergence(answers: tuple[Tensor, Tensor], wanted: tuple[Tensor, Tensor], temperature: float) -> Tensor:
    """Of both heads; the logits of urgency are log probabilities, which need no temperature to be soft."""
    of_diagnosis = kl_div(
        (answers[0] / temperature).log_softmax(1),
        (wanted[0] / temperature).log_softmax(1),
        reduction="batchmean",
        log_target=True,
    )
    of_urgency = kl_div(
        answers[1].log_softmax(1), wanted[1].log_softmax(1), reduction="batchmean", log_target=True
    )
    return temperature**2 * of_diagnosis + of_urgency
