"""Tokenization into overlapping windows of the model's length."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

__all__ = ["EncodedWindow", "Windower"]


@dataclass(frozen=True, slots=True)
class EncodedWindow:
    """One window of n tokens, and the vital signs that belong to its message.

    `input_ids` [n] int64; `offsets` n pairs (start, end) in code points of the whole text, (0, 0) for special
    tokens; `vitals` [v] float32 in clinical units, NaN where unknown.
    """

    input_ids: NDArray[np.int64]
    offsets: tuple[tuple[int, int], ...]
    vitals: NDArray[np.float32]


class Windower:
    """Splits texts into windows of at most `window_tokens`, special tokens included, sharing `overlap_tokens`."""

    def __init__(self, tokenizer: Tokenizer, *, window_tokens: int, overlap_tokens: int) -> None:
        self._tokenizer = tokenizer
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length=window_tokens, stride=overlap_tokens)

    @classmethod
    def from_file(cls, path: Path, *, window_tokens: int, overlap_tokens: int) -> "Windower":
        """Load a `tokenizer.json` of the tokenizers library."""
        return cls(Tokenizer.from_file(str(path)), window_tokens=window_tokens, overlap_tokens=overlap_tokens)

    def encode(
        self, texts: Sequence[str], vitals: Sequence[NDArray[np.float32]]
    ) -> list[tuple[EncodedWindow, ...]]:
        """Return the windows of each text, in reading order; at least one each."""
        encodings = self._tokenizer.encode_batch(list(texts))
        return [
            tuple(
                EncodedWindow(np.asarray(part.ids, dtype=np.int64), tuple(part.offsets), vector)
                for part in (encoding, *encoding.overflowing)
            )
            for encoding, vector in zip(encodings, vitals, strict=True)
        ]
