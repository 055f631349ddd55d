"""One supervisor per data directory."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ops.local.errors import StackRunning

__all__ = ["held"]


@contextmanager
def held(lock_path: Path) -> Iterator[None]:
    """Hold the lock; the kernel gives it back however this process ends. Raises StackRunning."""
    lock_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackRunning(lock_path.parent) from None
        yield
    finally:
        os.close(descriptor)
