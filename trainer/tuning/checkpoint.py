"""What a run needs to go on as if it had never stopped: written after each epoch, all at once or not at all."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

__all__ = ["Checkpoint", "CheckpointUnreadable"]

_FILE = "last.pt"


class CheckpointUnreadable(Exception):
    """The checkpoint is damaged or from another version."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """State after `epochs` epochs. `torch_rng`: for each process, the CPU's state and the GPU's if it has one.

    `best` is (epoch, figure, weights).
    """

    epochs: int
    model: dict[str, Tensor]
    optimizer: dict[str, Any]
    schedule: dict[str, Any]
    method: dict[str, Any]
    rows_rng: dict[str, Any]
    torch_rng: list[list[Tensor]]
    records: list[dict[str, Any]]
    best: tuple[int, float, dict[str, Tensor]] | None

    def write(self, folder: Path) -> None:
        """Replace the checkpoint in `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = folder / (_FILE + ".new")
        torch.save({name: getattr(self, name) for name in self.__slots__}, unfinished)
        unfinished.replace(folder / _FILE)

    @classmethod
    def read(cls, folder: Path) -> "Checkpoint | None":
        """Return the checkpoint in `folder`, None where there is none. Raises CheckpointUnreadable."""
        path = folder / _FILE
        if not path.exists():
            return None
        try:
            return cls(**torch.load(path, map_location="cpu", weights_only=True))
        except Exception as error:
            raise CheckpointUnreadable(f"{path}: {type(error).__name__}") from error
