import pytest
import torch

from streams.text import VITALS_FIELDS
from tests.unit.trainer.tiny import inputs, tiny_model

MODEL = tiny_model()


@torch.no_grad()
def test_diagnosis_contributions_and_the_bias_sum_to_the_winning_logit() -> None:
    answer = MODEL(*inputs(3, 12, padded=5))
    winner = answer.diagnosis_logits.argmax(dim=1)
    summed = answer.diagnosis_attribution.sum(dim=1) + MODEL.diagnosis_head.bias[winner]
    torch.testing.assert_close(summed, answer.diagnosis_logits.max(dim=1).values)


@torch.no_grad()
def test_urgency_contributions_sum_to_the_score_behind_the_levels() -> None:
    answer = MODEL(*inputs(3, 12, padded=5))
    score = answer.urgency_attribution.sum(dim=1, keepdim=True)
    at_most = answer.urgency_logits.softmax(dim=1).cumsum(dim=1)[:, :4]
    torch.testing.assert_close(at_most, torch.sigmoid(score + MODEL.cutpoints), atol=1e-4, rtol=0)


@torch.no_grad()
def test_urgency_outputs_are_log_probabilities_of_five_levels() -> None:
    probabilities = MODEL(*inputs(2, 7)).urgency_logits.exp().sum(dim=1)
    torch.testing.assert_close(probabilities, torch.ones(2), atol=1e-4, rtol=0)


@torch.no_grad()
def test_padding_neither_contributes_nor_changes_an_answer() -> None:
    ids, mask, vitals = inputs(1, 6)
    padded = (
        torch.cat([ids, torch.full((1, 4), 7)], dim=1),
        torch.cat([mask, torch.zeros(1, 4).long()], dim=1),
    )
    short, long = MODEL(ids, mask, vitals), MODEL(*padded, vitals)
    torch.testing.assert_close(short.diagnosis_logits, long.diagnosis_logits)
    torch.testing.assert_close(short.urgency_logits, long.urgency_logits)
    torch.testing.assert_close(short.embedding, long.embedding)
    assert not long.diagnosis_attribution[0, 6:].any()
    assert not long.urgency_attribution[0, 6:10].any()


def test_cutpoints_ascend_whatever_was_learned() -> None:
    model = tiny_model()
    torch.nn.init.normal_(model.raw_increments, std=5.0)
    assert (model.cutpoints.diff() > 0).all()


@torch.no_grad()
@pytest.mark.parametrize("known", [True, False])
def test_a_higher_score_moves_probability_towards_level_1(known: bool) -> None:
    ids, mask, vitals = inputs(1, 6)
    worse = vitals.clone()
    worse[0, VITALS_FIELDS.index("heart_rate_bpm")] = 170.0 if known else torch.nan
    calm, alarming = (
        MODEL(ids, mask, v).urgency_logits.softmax(dim=1).cumsum(dim=1) for v in (vitals, worse)
    )
    assert bool((alarming[0, :4] > calm[0, :4]).all()) is known
