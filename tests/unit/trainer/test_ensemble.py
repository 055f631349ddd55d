"""An ensemble is the mean of its members' calibrated probabilities, and members that differ in labels are refused."""

import numpy as np
import pytest
import torch
from scipy.special import softmax

from tests.unit.trainer.tuning.small import ROWS, WINDOWER, small_model
from trainer.ensemble import Ensemble, NotCombinable
from trainer.model import TriageBert
from trainer.tuning.validate import answer


def louder(model: TriageBert, factor: float) -> TriageBert:
    """The same answers, said with more confidence."""
    with torch.no_grad():
        for parameter in (model.diagnosis_head.weight, model.diagnosis_head.bias):
            parameter.mul_(factor)
    return model


def test_the_answer_is_the_mean_of_the_members_probabilities() -> None:
    models = [louder(small_model(), 1.0), louder(small_model(), -3.0)]
    together = Ensemble([(model, WINDOWER) for model in models], ()).answer(ROWS)
    for name in ("diagnosis_logits", "urgency_logits"):
        each = [softmax(getattr(answer(model, ROWS, WINDOWER), name), axis=1) for model in models]
        np.testing.assert_allclose(np.exp(getattr(together, name)), np.mean(each, axis=0), atol=1e-6)


def test_a_member_that_is_too_sure_counts_no_more_than_the_same_member_calibrated() -> None:
    calm, loud = small_model(), louder(small_model(), 4.0)
    pair = Ensemble([(calm, WINDOWER), (loud, WINDOWER)], ROWS).answer(ROWS)
    twice = Ensemble([(calm, WINDOWER), (small_model(), WINDOWER)], ROWS).answer(ROWS)
    np.testing.assert_allclose(pair.diagnosis_logits, twice.diagnosis_logits, atol=1e-3)


def test_one_member_is_no_ensemble() -> None:
    with pytest.raises(NotCombinable, match="two members or more"):
        Ensemble([(small_model(), WINDOWER)], ROWS)


def test_members_of_other_labels_are_refused() -> None:
    other = small_model()
    other.diagnosis_head = torch.nn.Linear(other.diagnosis_head.in_features, 7)
    with pytest.raises(NotCombinable, match="5, 7 labels: not the same"):
        Ensemble([(small_model(), WINDOWER), (other, WINDOWER)], ROWS)
