"""What the model must beat: bag of words with logistic regression, and the most frequent answer."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from trainer.data.rows import Row, labelled, stack_vitals

__all__ = ["BagOfWords", "majority"]

_SMALLEST_DOCUMENT_COUNT = 2
_ITERATIONS = 2000


class BagOfWords:
    """TF-IDF of words and pairs of words, balanced logistic regression.

    For urgency also the vital signs: the median where absent, with an indicator, standardised.
    """

    def __init__(self, rows: Sequence[Row], task: str) -> None:
        known, labels = labelled(rows, task)
        self._with_vitals = task == "urgency"
        self._words = TfidfVectorizer(ngram_range=(1, 2), min_df=_SMALLEST_DOCUMENT_COUNT, sublinear_tf=True)
        self._words.fit([row.text for row in known])
        if self._with_vitals:
            self._vitals = make_pipeline(
                SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
                StandardScaler(),
            )
            self._vitals.fit(stack_vitals(known))
        self._classifier = LogisticRegression(class_weight="balanced", max_iter=_ITERATIONS, C=3.0)
        self._classifier.fit(self._features(known), labels)

    def probabilities(self, rows: Sequence[Row], classes: int) -> NDArray[np.float64]:
        """Return [k, classes]; a class that training lacked has probability 0."""
        p = np.zeros((len(rows), classes))
        p[:, self._classifier.classes_] = self._classifier.predict_proba(self._features(rows))
        return p

    def _features(self, rows: Sequence[Row]) -> csr_matrix:
        words = self._words.transform([row.text for row in rows])
        if not self._with_vitals:
            return words
        return hstack([words, csr_matrix(self._vitals.transform(stack_vitals(rows)))]).tocsr()


def majority(rows: Sequence[Row], task: str, count: int) -> NDArray[np.int64]:
    """Return the most frequent label of `rows`, `count` times."""
    _, labels = labelled(rows, task)
    return np.full(count, np.bincount(labels).argmax(), dtype=np.int64)
