"""Whether what comes now is distributed as what came before: two-sample tests, by their p-values.

Embeddings: the Kolmogorov-Smirnov test on each principal component, corrected by Bonferroni;
labels: the chi-squared test of homogeneity. In the comparison by Rabanser et al. ("Failing Loudly", NeurIPS 2019) such
univariate tests on a reduced representation find shifts as well as multivariate ones, at a fraction of the cost.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2_contingency, ks_2samp
from sklearn.decomposition import PCA

__all__ = ["embedding_p", "label_p"]

COMPONENTS = 32


def embedding_p(before: NDArray[np.float32], now: NDArray[np.float32]) -> float:
    """Return how probable it is that [n, h] and [m, h] embeddings, n and m at least 2, differ as much by chance."""
    # of both together: components of one alone spread it more widely than the other, by chance alone
    both = np.concatenate([before, now])
    reduction = PCA(min(COMPONENTS, *both.shape), random_state=0).fit(both)
    pairs = zip(reduction.transform(before).T, reduction.transform(now).T, strict=True)
    p_values = [float(ks_2samp(first, second).pvalue) for first, second in pairs]
    return min(1.0, min(p_values) * len(p_values))


def label_p(before: Sequence[str], now: Sequence[str]) -> float:
    """Return how probable it is that two sets of labels differ as much by chance; 1 where there is one label only."""
    counts = Counter(before), Counter(now)
    labels = sorted({*before, *now})
    if len(labels) < 2 or not before or not now:
        return 1.0
    return float(chi2_contingency([[count[label] for label in labels] for count in counts]).pvalue)
