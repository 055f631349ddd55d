"""An ensemble: the mean of the calibrated probabilities of several runs, which costs as many times as it has members.

Lakshminarayanan et al., "Simple and Scalable Predictive Uncertainty Estimation using Deep Ensembles", NeurIPS 2017.
None is exported or served: it stands beside the soup of the same runs, which costs no more than one of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, logsumexp

from streams.text import Windower
from trainer.calibrate import fit_temperature, source_weights
from trainer.data.rows import Row, labelled
from trainer.model import TriageBert
from trainer.served import Answers
from trainer.tuning.validate import answer

__all__ = ["Ensemble", "NotCombinable"]

_FEWEST_MEMBERS = 2
_TASKS = ("diagnosis", "urgency")


class NotCombinable(ValueError):
    """The members do not know the same number of labels, or they are too few."""


@dataclass(frozen=True, slots=True)
class _Member:
    model: TriageBert
    windower: Windower
    diagnosis_temperature: float
    urgency_temperature: float


class Ensemble:
    """`members`: float32 models, each with its windows. `calibration`: what each one's temperatures are fitted on.

    Without a label there a task's probabilities are taken as they are. Raises NotCombinable.
    """

    def __init__(self, members: Sequence[tuple[TriageBert, Windower]], calibration: Sequence[Row]) -> None:
        if len(members) < _FEWEST_MEMBERS:
            raise NotCombinable("an ensemble needs two members or more")
        labels = [model.diagnosis_head.out_features for model, _ in members]
        if len(set(labels)) > 1:
            raise NotCombinable(f"the members know {', '.join(map(str, labels))} labels: not the same")
        self._members = [
            _Member(model, windower, *(_temperature(model, windower, calibration, task) for task in _TASKS))
            for model, windower in members
        ]

    def answer(self, rows: Sequence[Row]) -> Answers:
        """Return logits whose softmax at temperature 1 is the members' mean; embedding: that of the first."""
        answers = [answer(member.model, rows, member.windower) for member in self._members]
        pairs = list(zip(answers, self._members, strict=True))
        return Answers(
            _log_mean([one.diagnosis_logits / member.diagnosis_temperature for one, member in pairs]),
            _log_mean([one.urgency_logits / member.urgency_temperature for one, member in pairs]),
            answers[0].embedding,
        )


def _temperature(model: TriageBert, windower: Windower, rows: Sequence[Row], task: str) -> float:
    known, truth = labelled(rows, task)
    if not known:
        return 1.0
    told = answer(model, known, windower)
    logits = told.diagnosis_logits if task == "diagnosis" else told.urgency_logits
    return fit_temperature(logits, truth, source_weights(known))


def _log_mean(logits: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    each = log_softmax(np.stack(logits).astype(np.float64), axis=2)
    return np.asarray(logsumexp(each, axis=0) - np.log(len(logits)), dtype=np.float32)
