import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from trainer.continual.rehearsal import rehearse
from trainer.continual.statistics import ClassStatistics

HIDDEN, EACH = 6, 60
CENTRES = 4 * np.eye(HIDDEN)


def rows(*classes: int, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Embeddings about each class' own centre."""
    diagnosis = np.repeat(classes, EACH)
    noise = np.random.default_rng(seed).normal(size=(len(diagnosis), HIDDEN))
    return (CENTRES[diagnosis] + noise).astype(np.float32), diagnosis


def other_words_for_0(*, seed: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Rows of class 0 that look like class 1, but for one direction that the past doesn't use."""
    embedding, diagnosis = rows(1, seed=seed)
    return (embedding + CENTRES[-1]).astype(np.float32), np.zeros_like(diagnosis)


def past(*classes: int) -> tuple[nn.Linear, ClassStatistics]:
    """A head that tells these apart, with the sums of what it learned from."""
    torch.manual_seed(0)
    head, nothing = nn.Linear(HIDDEN, 4), ClassStatistics.empty(4, HIDDEN)
    embedding, diagnosis = rows(*classes)
    rehearse(head, nothing, embedding, diagnosis, seed=1)
    return head, nothing.plus(embedding, diagnosis)


def hits(head: nn.Linear, embedding: NDArray[np.float32], diagnosis: NDArray[np.int64]) -> float:
    return float((head(torch.from_numpy(embedding)).argmax(dim=1).numpy() == diagnosis).mean())


def test_a_new_class_is_learned_and_none_of_the_past_is_lost() -> None:
    head, sums = past(0, 1)
    known = rows(0, 1, seed=5)
    before = hits(head, *known)
    rehearse(head, sums, *rows(2), seed=1)
    assert hits(head, *rows(2, seed=6)) > 0.9
    assert hits(head, *known) >= before - 0.02


def test_other_words_for_a_class_are_learned_beside_the_old_ones() -> None:
    head, sums = past(0, 1)
    assert hits(head, *other_words_for_0(seed=8)) < 0.5
    rehearse(head, sums, *other_words_for_0(seed=7), seed=1)
    assert hits(head, *other_words_for_0(seed=8)) > 0.9
    assert hits(head, *rows(0, 1, seed=5)) > 0.9


def test_without_the_sums_the_past_is_lost() -> None:
    head, _ = past(0, 1)
    rehearse(head, ClassStatistics.empty(4, HIDDEN), *other_words_for_0(seed=7), seed=1)
    assert hits(head, *rows(1, seed=5)) < 0.5


def test_without_a_new_diagnosis_the_head_stays() -> None:
    head, sums = past(0, 1)
    before = head.weight.detach().clone()
    embedding, diagnosis = rows(2)
    rehearse(head, sums, embedding, np.full_like(diagnosis, -1), seed=1)
    torch.testing.assert_close(head.weight.detach(), before, rtol=0, atol=0)


def test_no_gradient_is_left_on_the_head() -> None:
    head, _ = past(0, 1)
    assert head.weight.grad is None


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_drawn_is_as_the_rows_were(seed: int) -> None:
    embedding, diagnosis = rows(0, 0, 2)
    sums = ClassStatistics.empty(4, HIDDEN).plus(embedding, diagnosis)
    drawn = sums.drawn(6000, seed=seed)
    np.testing.assert_allclose(drawn.mean(axis=0), embedding.mean(axis=0), atol=0.15)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(embedding.T), atol=0.4)
    assert (drawn == sums.drawn(6000, seed=seed)).all()


def test_of_no_row_nothing_is_drawn() -> None:
    assert ClassStatistics.empty(4, HIDDEN).drawn(10, seed=1).shape == (0, HIDDEN)
