import numpy as np
import pytest

from tests.unit.trainer.tiny import row
from trainer.calibrate import domain_statistics
from trainer.continual.statistics import ClassStatistics
from trainer.data.rows import DIAGNOSIS_LABELS

RNG = np.random.default_rng(0)
DIAGNOSIS = np.array([*np.repeat(np.arange(3), 40), *[-1] * 30])
EMBEDDING = (RNG.normal(size=(150, 6)) + np.where(DIAGNOSIS < 0, 4, DIAGNOSIS)[:, None]).astype(np.float32)


def sums(*parts: slice) -> ClassStatistics:
    found = ClassStatistics.empty(labels=3, hidden=6)
    for part in parts:
        found = found.plus(EMBEDDING[part], DIAGNOSIS[part])
    return found


def test_rounds_in_any_order_give_the_head_of_all_rows_at_once() -> None:
    at_once = sums(slice(None)).head()
    one_by_one = sums(slice(100, 150), slice(0, 30), slice(30, 100)).head()
    for expected, got in zip(at_once, one_by_one, strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-5)


def test_a_row_that_is_erased_leaves_no_trace() -> None:
    erased = sums(slice(None)).plus(EMBEDDING[90:], DIAGNOSIS[90:], sign=-1)
    for expected, got in zip(sums(slice(0, 90)).head(), erased.head(), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-5)


def test_the_head_tells_the_classes_apart_and_never_names_one_without_rows() -> None:
    weight, bias = sums(slice(0, 80)).head()  # the third class has no row yet
    chosen = (EMBEDDING[:80] @ weight.T + bias).argmax(axis=1)
    assert (chosen == DIAGNOSIS[:80]).mean() > 0.8
    assert 2 not in (EMBEDDING @ weight.T + bias).argmax(axis=1)


def test_rows_without_a_diagnosis_shape_the_domain_and_not_the_head() -> None:
    without, with_them = sums(slice(0, 120)), sums(slice(None))
    np.testing.assert_allclose(with_them.head()[0], without.head()[0], atol=1e-6)
    assert (len(without.domain().mean), len(with_them.domain().mean)) == (3, 4)


def test_without_any_diagnosis_there_is_no_head() -> None:
    with pytest.raises(ValueError, match="no row has a diagnosis"):
        sums(slice(120, 150)).head()


def test_what_a_served_version_carries_gives_the_sums_back() -> None:
    labels = [DIAGNOSIS_LABELS[n % 5] for n in range(100)]
    embedding = (RNG.normal(size=(100, 6)) + 3 * np.eye(6)[np.arange(100) % 5]).astype(np.float32)
    rows = [row(str(n), diagnosis=label) for n, label in enumerate(labels)]
    domain = domain_statistics(rows, embedding)
    found = ClassStatistics.from_domain(domain, len(DIAGNOSIS_LABELS), rows=100)
    np.testing.assert_allclose(found.mean[:5], domain.mean, atol=1e-5)
    weight, bias = found.head()
    assert ((embedding @ weight.T + bias).argmax(axis=1) == np.arange(100) % 5).mean() > 0.8
    np.testing.assert_allclose(found.domain().mean, domain.mean, atol=1e-5)


def test_a_domain_of_other_labels_is_refused() -> None:
    domain = sums(slice(None)).domain()
    with pytest.raises(ValueError, match="4 class means for 5 labels"):
        ClassStatistics.from_domain(domain, 5, rows=150)
