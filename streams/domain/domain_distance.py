"""How far a message lies from what the model was trained on."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["DomainStatistics"]

_SHORTEST = 1e-12


@dataclass(frozen=True)
class DomainStatistics:
    """What the training embeddings are like.

    `centre` [h], `directions` [h, r]: mean of the embeddings at length 1, and the orthonormal directions in which they
    vary most. How long an embedding is tells little of whether its text is foreign, and hides what does. Sources: Wang
    et al., "ViM: Out-Of-Distribution with Virtual-logit Matching", CVPR 2022, for what lies beyond such directions;
    Mueller and Hein, "Mahalanobis++", ICML 2025, for length 1. Versions made before have neither: their distance, and
    the threshold in their folder, are those of `mean` [c, h], one row a class, and `whitening` [h, r], W with W W^T
    the inverse of the shared covariance (Lee et al., "A Simple Unified Framework for Detecting Out-of-Distribution
    Samples", NeurIPS 2018), which continued training needs of every version.
    """

    mean: NDArray[np.float32]
    whitening: NDArray[np.float32]
    centre: NDArray[np.float32] | None = None
    directions: NDArray[np.float32] | None = None

    def distance(self, embedding: NDArray[np.float32]) -> float:
        """Return how much of `embedding` [h], at length 1, lies beyond the directions of the training data."""
        if self.centre is None or self.directions is None:
            return self._mahalanobis(embedding)
        length = max(float(np.sqrt((embedding * embedding).sum())), _SHORTEST)
        offset = embedding / np.float32(length) - self.centre
        # Not by BLAS: its threads would wait, spinning, for cores that the model server has.
        along = np.einsum("h,hr->r", offset, self.directions)
        return float(np.sqrt(max((offset * offset).sum() - (along * along).sum(), 0.0)))

    def _mahalanobis(self, embedding: NDArray[np.float32]) -> float:
        """Return the distance of `embedding` [h] to the nearest class mean."""
        offsets = self._whitened_mean - np.einsum("h,hr->r", embedding, self.whitening)
        return float(np.sqrt((offsets * offsets).sum(axis=1).min()))

    @cached_property
    def _whitened_mean(self) -> NDArray[np.float32]:
        return self.mean @ self.whitening
