"""Class statistics, sums over all rows ever seen: what a past is drawn from, and linear discriminants (streaming LDA).

Sums don't care in which order rows came: after any sequence of rounds they are those of all rows together, and so is a
head of linear discriminants. What is kept are means and one shared scatter, no row; a row that must be erased is
subtracted. Hayes and Kanan, "Lifelong Machine Learning with Deep Streaming Linear Discriminant Analysis", CVPR
Workshops 2020; an encoder adapted first and then left alone: Panos et al., "First Session Adaptation", ICCV 2023.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.domain.domain_distance import DomainStatistics

__all__ = ["ClassStatistics"]

_SHRINKAGE = 0.01
_DIAGNOSED, _OTHERS = 0, 1
_PARTS = (slice(None, -1), slice(-1, None))
_NEVER_SEEN_BELOW = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class ClassStatistics:
    """Of c classes in h dimensions: `count` [c], `total` [c, h], `square` [2, h, h]: sums of outer products.

    The last class is that of rows without a diagnosis; its own `square`, the second, shapes the domain alone.
    """

    count: NDArray[np.float64]
    total: NDArray[np.float64]
    square: NDArray[np.float64]

    @classmethod
    def empty(cls, labels: int, hidden: int) -> "ClassStatistics":
        """Return those of no row; `labels` counts the diagnoses."""
        return cls(np.zeros(labels + 1), np.zeros((labels + 1, hidden)), np.zeros((2, hidden, hidden)))

    @classmethod
    def from_domain(cls, domain: DomainStatistics, labels: int, rows: int) -> "ClassStatistics":
        """Return those that a served version carries, of `rows` rows spread evenly: it does not say how many each.

        Its means stand in the order of the labels, those of rows without a diagnosis last.
        """
        present = len(domain.mean)
        if not labels <= present <= labels + 1:
            raise ValueError(f"{present} class means for {labels} labels")
        count, mean = np.zeros(labels + 1), np.zeros((labels + 1, domain.mean.shape[1]))
        count[:present], mean[:present] = rows / present, domain.mean
        total = mean * count[:, None]
        precision = domain.whitening.astype(np.float64) @ domain.whitening.T.astype(np.float64)
        shared = np.linalg.inv(precision)
        square = [count[part].sum() * shared + mean[part].T @ total[part] for part in _PARTS]
        return cls(count, total, np.stack(square))

    def plus(
        self, embedding: NDArray[np.float32], diagnosis: NDArray[np.int64], sign: int = 1
    ) -> "ClassStatistics":
        """Return with rows `embedding` [k, h] added; `diagnosis` [k], -1 where there is none. `sign` -1 erases them."""
        wide = embedding.astype(np.float64)
        member = np.where(diagnosis < 0, len(self.count) - 1, diagnosis)
        ones = np.eye(len(self.count))[member]
        parts = (wide[diagnosis >= 0], wide[diagnosis < 0])
        return ClassStatistics(
            self.count + sign * ones.sum(axis=0),
            self.total + sign * (ones.T @ wide),
            self.square + sign * np.stack([part.T @ part for part in parts]),
        )

    @property
    def mean(self) -> NDArray[np.float64]:
        """[c, h]; 0 where a class has no row."""
        return np.asarray(self.total / np.maximum(self.count, 1e-9)[:, None])

    def _shrunk(self, parts: Sequence[int]) -> NDArray[np.float64]:
        """Return the covariance [h, h] that the classes of `parts` share, shrunk towards a multiple of the identity."""
        scatter, rows = np.zeros_like(self.square[0]), 0.0
        for part in parts:
            mean, total = self.mean[_PARTS[part]], self.total[_PARTS[part]]
            scatter = scatter + self.square[part] - mean.T @ total
            rows += self.count[_PARTS[part]].sum()
        shared = scatter / max(rows, 1.0)
        return np.asarray(shared + _SHRINKAGE * np.trace(shared) / len(shared) * np.eye(len(shared)))

    def drawn(self, count: int, *, seed: int) -> NDArray[np.float32]:
        """Draw embeddings [count, h] as the rows seen were: a Gaussian a class, each as often as it was seen.

        Rows without a diagnosis are one of them. Of no row at all, nothing is drawn.
        """
        seen = self.count.sum()
        if not seen:
            return np.zeros((0, self.total.shape[1]), np.float32)
        rng = np.random.default_rng(seed)
        member = rng.choice(len(self.count), size=count, p=self.count / seen)
        values, vectors = np.linalg.eigh(self._shrunk([_DIAGNOSED, _OTHERS]))
        noise = rng.normal(size=(count, len(values))) * np.sqrt(values.clip(min=0.0))
        return np.asarray(self.mean[member] + noise @ vectors.T, dtype=np.float32)

    def head(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return weight [labels, h] and bias [labels]: log-posteriors, each class as likely as another.

        A class without rows is never the most probable one.
        """
        mean, seen = self.mean[:-1], self.count[:-1] > 0
        if not seen.any():
            raise ValueError("no row has a diagnosis")
        weight = np.linalg.solve(self._shrunk([_DIAGNOSED]), mean.T).T
        bias = -0.5 * (weight * mean).sum(axis=1)
        centre = weight[seen].mean(axis=0)  # what all classes share decides nothing
        weight[~seen] = centre
        bias[~seen] = bias[seen].min() - _NEVER_SEEN_BELOW
        return (weight - centre).astype(np.float32), (bias - bias[seen].mean()).astype(np.float32)

    def domain(self) -> DomainStatistics:
        """Return what a version's folder holds of them."""
        values, vectors = np.linalg.eigh(self._shrunk([_DIAGNOSED, _OTHERS]))
        return DomainStatistics(
            mean=self.mean[self.count > 0].astype(np.float32),
            whitening=(vectors / np.sqrt(values)).astype(np.float32),
        )
