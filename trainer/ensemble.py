"""An ensemble: the mean of the calibrated probabilities of several runs, which costs as many times as it has members.

Lakshminarayanan et al., "Simple and Scalable Predictive Uncertainty Estimation using Deep Ensembles", NeurIPS 2017.
None is exported or served: it stands beside the soup of the same runs, which costs no more than one of them.
"""

from collections.abc import Sequence

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


class NotCombinable(ValueError):
    """The members do not know the same number of labels, or they are too few."""


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
            (model, windower, _temperature(model, windower, calibration, "diagnosis"),
             _temperature(model, windower, calibration, "urgency"))
            for model, windower in members
        ]  # fmt: skip

    def answer(self, rows: Sequence[Row]) -> Answers:
        """Return logits whose softmax at temperature 1 is the members' mean; embedding: that of the first."""
        told = [(answer(model, rows, windower), *heat) for model, windower, *heat in self._members]
        return Answers(
            _log_mean([one.diagnosis_logits / heat for one, heat, _ in told]),
            _log_mean([one.urgency_logits / heat for one, _, heat in told]),
            told[0][0].embedding,
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
    return (logsumexp(each, axis=0) - np.log(len(logits))).astype(np.float32)
