"""The processes that train together: those that `torchrun` or `accelerate launch` started, or this one alone.

Accelerate must hear at the first asking that there is no GPU; otherwise each of several processes on processors alone
takes itself for the only one.
"""

import torch
from accelerate import Accelerator, PartialState

__all__ = ["accelerator", "processes"]


def processes() -> PartialState:
    """Return what this process knows of the others; they meet here first. Without a GPU they speak through gloo."""
    return PartialState(cpu=not torch.cuda.is_available())


def accelerator() -> Accelerator:
    """Return what places a model and joins the gradients; precision is the training loop's own affair."""
    return Accelerator(mixed_precision="no", cpu=not torch.cuda.is_available())
