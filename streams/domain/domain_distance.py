"""How far a message lies from what the model was trained on."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["DomainStatistics"]


@dataclass(frozen=True)
class DomainStatistics:
    """Class means and shared covariance of the training embeddings.

    `mean` [c, h]: one row a class; `whitening` [h, r]: W with W W^T the inverse of the shared covariance.
    Source: Lee et al., "A Simple Unified Framework for Detecting Out-of-Distribution Samples", NeurIPS 2018.
    """

    mean: NDArray[np.float32]
    whitening: NDArray[np.float32]

    def distance(self, embedding: NDArray[np.float32]) -> float:
        """Return the Mahalanobis distance of `embedding` [h] to the nearest class mean."""
        # Not by BLAS: its threads would wait, spinning, for cores that the model server has.
        offsets = self._whitened_mean - np.einsum("h,hr->r", embedding, self.whitening)
        return float(np.sqrt((offsets * offsets).sum(axis=1).min()))

    @cached_property
    def _whitened_mean(self) -> NDArray[np.float32]:
        return self.mean @ self.whitening
