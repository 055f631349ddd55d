"""What a run costs: wall time, processor time, memory at its highest."""

import resource
import time
from dataclasses import dataclass

import torch

__all__ = ["Cost", "Meter", "peak_memory_mb"]


@dataclass(frozen=True, slots=True)
class Cost:
    """`cpu_minutes` counts all threads, and stands still while other work has the processor; wall time doesn't."""

    minutes: float
    cpu_minutes: float
    peak_memory_mb: float


class Meter:
    """Counts from its making on."""

    def __init__(self) -> None:
        self._wall_s, self._cpu_s = time.monotonic(), time.process_time()

    def read(self, device: str) -> Cost:
        """Return the cost so far of work on `device`."""
        return Cost(
            minutes=(time.monotonic() - self._wall_s) / 60,
            cpu_minutes=(time.process_time() - self._cpu_s) / 60,
            peak_memory_mb=peak_memory_mb(device),
        )


def peak_memory_mb(device: str) -> float:
    """Return the highest resident memory of this process; on a GPU, the highest allocation there."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
