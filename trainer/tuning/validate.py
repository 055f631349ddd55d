"""How the torch model answers: for the figures of an epoch and those before and after fine-tuning."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import classification_report, confusion_matrix

from streams.text import Windower
from trainer.batches import encode, pad
from trainer.data.rows import DIAGNOSIS_LABELS, URGENCY_LEVELS, Row, labelled, stack_vitals
from trainer.metrics import macro_f1, quadratic_weighted_kappa
from trainer.model import TriageBert
from trainer.served import Answers

__all__ = ["Validation", "answer", "validate"]

_BATCH = 64


@dataclass(frozen=True, slots=True)
class Validation:
    """Macro-F1 of the diagnosis, QWK of the urgency (None where no row is labelled), and both reports as text."""

    macro_f1: float | None
    qwk: float | None
    report: str

    def figure(self, name: str) -> float | None:
        """Return `macro_f1`, `qwk`, or the `mean` of those that there are."""
        chosen = {"macro_f1": (self.macro_f1,), "qwk": (self.qwk,)}.get(name, (self.macro_f1, self.qwk))
        known = [value for value in chosen if value is not None]
        return sum(known) / len(known) if known else None


@torch.no_grad()
def answer(model: TriageBert, rows: Sequence[Row], windower: Windower) -> Answers:
    """Return the float32 answers to the first window of each row, in their order. Leaves `model` in eval mode."""
    model.eval()
    device = model.diagnosis_head.weight.device
    ids, vitals = encode(rows, windower), torch.from_numpy(stack_vitals(rows))
    order = sorted(range(len(ids)), key=lambda number: len(ids[number]))
    answers = Answers(
        np.empty((len(rows), model.diagnosis_head.out_features), np.float32),
        np.empty((len(rows), len(URGENCY_LEVELS)), np.float32),
        np.empty((len(rows), model.diagnosis_head.in_features), np.float32),
    )
    for start in range(0, len(order), _BATCH):
        chunk = order[start : start + _BATCH]
        input_ids, mask = pad([ids[number] for number in chunk])
        embedding = model.embed(input_ids.to(device), mask.to(device))
        diagnosis, urgency = model.decide(embedding, vitals[chunk].to(device))
        answers.embedding[chunk] = embedding.cpu().numpy()
        answers.diagnosis_logits[chunk] = diagnosis.cpu().numpy()
        answers.urgency_logits[chunk] = urgency.cpu().numpy()
    return answers


def validate(model: TriageBert, rows: Sequence[Row], windower: Windower) -> Validation:
    """Judge `model` on `rows` by the most probable label and level."""
    answers = answer(model, rows, windower)
    reports, matrices = [], {}
    for task, logits, names in (
        ("diagnosis", answers.diagnosis_logits, DIAGNOSIS_LABELS),
        ("urgency", answers.urgency_logits, tuple(f"level {level}" for level in URGENCY_LEVELS)),
    ):
        _, truth = labelled(rows, task)
        if not len(truth):
            continue
        chosen = logits[_known(rows, task)].argmax(axis=1)
        classes = list(range(len(names)))
        matrices[task] = confusion_matrix(truth, chosen, labels=classes).astype(float)
        report = classification_report(
            truth, chosen, labels=classes, target_names=names, digits=3, zero_division=0
        )
        reports.append(f"{task}\n{report}")
    return Validation(
        macro_f1=float(macro_f1(matrices["diagnosis"])) if "diagnosis" in matrices else None,
        qwk=float(quadratic_weighted_kappa(matrices["urgency"])) if "urgency" in matrices else None,
        report="\n".join(reports),
    )


def _known(rows: Sequence[Row], task: str) -> NDArray[np.bool_]:
    label = "diagnosis" if task == "diagnosis" else "urgency_level"
    return np.array([getattr(row, label) is not None for row in rows])
