"""Adversarial training (FGM): the loss also counts where the embedded text is moved a little, the way that hurts most.

Miyato et al., "Adversarial Training Methods for Semi-Supervised Text Classification", ICLR 2017. The move is made
behind the embeddings' normalisation, where it has the same meaning for every text and needs no trained embeddings.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from transformers.models.bert.modeling_bert import BertEmbeddings

from trainer.model import TriageBert

__all__ = ["Adversary"]

_SMALLEST_NORM = 1e-12


class Adversary:
    """Watches the embeddings of `model` [b, n, h]; moves each row's by `epsilon` in the Euclidean norm."""

    def __init__(self, model: TriageBert, epsilon: float) -> None:
        self._epsilon = epsilon
        self._watches = False
        self._watched: Tensor | None = None
        self._move: Tensor | None = None
        embeddings = next(module for module in model.modules() if isinstance(module, BertEmbeddings))
        self._hook = embeddings.register_forward_hook(self._embedded)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """A forward and a backward pass in here tell where it hurts."""
        self._watches = True
        try:
            yield
        finally:
            self._watches = False

    @contextmanager
    def attacking(self) -> Iterator[None]:
        """A forward pass in here, over the batch that was watched, sees it moved."""
        if self._watched is None or self._watched.grad is None:
            raise RuntimeError("no backward pass was watched")
        gradient = self._watched.grad
        norm = gradient.flatten(1).norm(dim=1).clamp(min=_SMALLEST_NORM).view(-1, 1, 1)
        self._move = self._epsilon * gradient / norm
        try:
            yield
        finally:
            self._move = self._watched = None

    def leave(self) -> None:
        """Take the hook off the model."""
        self._hook.remove()

    def _embedded(self, _module: nn.Module, _arguments: object, embedded: Tensor) -> Tensor:
        if self._watches:
            self._watched = torch.zeros_like(embedded, requires_grad=True)
            return embedded + self._watched
        return embedded if self._move is None else embedded + self._move
