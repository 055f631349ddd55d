from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from tests.unit.trainer.tiny import tiny_model
from trainer.continual.levels import LevelPosterior, fit_levels, posterior_of, shortened
from trainer.data.rows import NO_VITALS
from trainer.model import TriageBert

RNG = np.random.default_rng(1)
EMBEDDING = RNG.normal(size=(240, 32)).astype(np.float32)
VITALS = np.tile(NO_VITALS, (240, 1))
TRUTH = EMBEDDING @ RNG.normal(size=32) + RNG.normal(size=240) * 3
LEVELS = np.digitize(-TRUTH, np.quantile(-TRUTH, [0.2, 0.4, 0.6, 0.8])).astype(np.int64)


def agreement(model: TriageBert, rows: slice) -> float:
    with torch.no_grad():
        logits = model.decide(torch.from_numpy(EMBEDDING[rows]), torch.from_numpy(VITALS[rows]))[1]
    return float((logits.numpy().argmax(axis=1) == LEVELS[rows]).mean())


def learned(*rounds: slice) -> tuple[TriageBert, LevelPosterior]:
    model = tiny_model()
    posterior = posterior_of(model, EMBEDDING[:0], VITALS[:0])
    for part in rounds:
        posterior = fit_levels(model, EMBEDDING[part], VITALS[part], LEVELS[part], posterior, seed=1)
    return model, posterior


def test_two_rounds_come_near_to_both_at_once() -> None:
    first, second = slice(0, 120), slice(120, 240)
    (alone, _), (both, _), (joint, _) = learned(second), learned(first, second), learned(slice(0, 240))
    assert agreement(joint, first) > agreement(alone, first) + 0.05
    assert agreement(both, first) > agreement(joint, first) - 0.05
    assert agreement(both, second) > 0.5


def test_what_is_known_grows_and_holds_the_head() -> None:
    model, before = learned(slice(0, 120))
    assert (np.linalg.eigvalsh(before.precision) > 0).all()
    held = LevelPosterior(before.mean, before.precision * 1e6)
    after = fit_levels(model, EMBEDDING[120:], VITALS[120:], LEVELS[120:], held, seed=1)
    np.testing.assert_allclose(after.mean, before.mean, atol=0.01)
    assert np.trace(after.precision) > np.trace(held.precision)


def test_a_sample_stands_for_more_rows() -> None:
    model = tiny_model()
    some = posterior_of(model, EMBEDDING[:50], VITALS[:50])
    many = posterior_of(model, EMBEDDING[:50], VITALS[:50], rows=500)
    prior = posterior_of(model, EMBEDDING[:0], VITALS[:0])
    np.testing.assert_allclose(many.precision - prior.precision, 10 * (some.precision - prior.precision))


def test_the_head_moves_only_as_far_as_the_past_allows() -> None:
    model, before = learned(slice(0, 120))
    after = fit_levels(model, EMBEDDING[120:], VITALS[120:], LEVELS[120:], before, seed=1)
    move = after.mean - before.mean

    def head() -> NDArray[np.float32]:
        weight: NDArray[np.float32] = model.urgency_head.weight.detach().numpy().ravel()
        return weight

    size = head().size

    def is_far(limit: float) -> int:
        return int(np.linalg.norm(head() - before.mean[:size]) > limit * np.linalg.norm(move[:size]))

    for limit, share in ((1.1, 1.0), (0.6, 0.5), (0.1, 0.0)):
        kept = shortened(model, before, after, partial(is_far, limit))
        np.testing.assert_allclose(kept.mean, before.mean + share * move)
        np.testing.assert_allclose(head(), kept.mean[:size], rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(kept.precision, after.precision)
