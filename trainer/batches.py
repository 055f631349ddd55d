"""Rows to padded tensors: tokenized by the code that serves, bucketed by length."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from streams.text import Windower
from trainer.data.rows import Row, stack_vitals

__all__ = ["IGNORED", "Batch", "VitalsDropout", "batches", "chunks", "encode", "labels", "pad"]

IGNORED = -100
"""Label index of a row that has no label for a task (what `torch.nn.functional.nll_loss` ignores)."""

_BUCKET_BATCHES = 16


@dataclass(frozen=True, slots=True)
class VitalsDropout:
    """Chance to hide all vital signs of a row, or else each field: so that absence itself is no signal."""

    whole: float = 0.25
    field: float = 0.15

    def hide(self, vitals: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
        """Return a copy of `vitals` [k, v] with NaN where hidden."""
        hidden = (rng.random((len(vitals), 1)) < self.whole) | (rng.random(vitals.shape) < self.field)
        return np.where(hidden, np.float32(np.nan), vitals).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Batch:
    """`input_ids`, `attention_mask` [k, n] int64; `vitals` [k, v]; labels [k], IGNORED where unknown."""

    input_ids: Tensor
    attention_mask: Tensor
    vitals: Tensor
    diagnosis: Tensor
    urgency: Tensor

    def to(self, device: torch.device) -> "Batch":
        """Return the same batch on `device`."""
        return Batch(*(tensor.to(device) for tensor in self._tensors))

    def twice(self) -> "Batch":
        """Return all rows, and all rows again."""
        return Batch(*(torch.cat([tensor, tensor]) for tensor in self._tensors))

    @property
    def _tensors(self) -> tuple[Tensor, ...]:
        return self.input_ids, self.attention_mask, self.vitals, self.diagnosis, self.urgency


def encode(rows: Sequence[Row], windower: Windower) -> list[NDArray[np.int64]]:
    """Return the token ids of each row's first window."""
    windows = windower.encode([row.text for row in rows], [row.vitals for row in rows])
    return [parts[0].input_ids for parts in windows]


def batches(
    rows: Sequence[Row],
    ids: Sequence[NDArray[np.int64]],
    *,
    size: int,
    rng: np.random.Generator,
    dropout: VitalsDropout,
) -> Iterator[Batch]:
    """Yield one epoch: shuffled, then sorted by length within large buckets, so that little is padding."""
    for chunk in chunks(ids, size=size, rng=rng):
        yield _collate([rows[i] for i in chunk], [ids[i] for i in chunk], rng, dropout)


def chunks(
    ids: Sequence[NDArray[np.int64]], *, size: int, rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Return the positions of one epoch's batches, as `batches` yields them."""
    order = rng.permutation(len(ids))
    bucket = size * _BUCKET_BATCHES
    made: list[NDArray[np.int64]] = []
    for start in range(0, len(order), bucket):
        by_length = sorted(order[start : start + bucket], key=lambda number: len(ids[number]))
        made += [np.array(by_length[i : i + size]) for i in range(0, len(by_length), size)]
    return [made[position] for position in rng.permutation(len(made))]


def pad(ids: Sequence[NDArray[np.int64]]) -> tuple[Tensor, Tensor]:
    """Return `input_ids` and `attention_mask` [k, n], n being the longest sequence."""
    longest = max(map(len, ids))
    input_ids = np.zeros((len(ids), longest), dtype=np.int64)
    mask = np.zeros_like(input_ids)
    for line, tokens in enumerate(ids):
        input_ids[line, : len(tokens)] = tokens
        mask[line, : len(tokens)] = 1
    return torch.from_numpy(input_ids), torch.from_numpy(mask)


def labels(indices: Iterable[int | None]) -> Tensor:
    """Return label indices [k], IGNORED where unknown."""
    return torch.tensor([IGNORED if index is None else index for index in indices])


def _collate(
    rows: Sequence[Row], ids: Sequence[NDArray[np.int64]], rng: np.random.Generator, dropout: VitalsDropout
) -> Batch:
    input_ids, mask = pad(ids)
    return Batch(
        input_ids,
        mask,
        torch.from_numpy(dropout.hide(stack_vitals(rows), rng)),
        labels(row.diagnosis_index for row in rows),
        labels(row.urgency_index for row in rows),
    )
