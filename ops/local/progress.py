"""How preparation tells what it does: silently, or as progress bars on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

__all__ = ["ProgressBars", "Reporter", "Silent"]

Advance = Callable[[int], None]


class Reporter(Protocol):
    """Told about every step. Its methods may be called from several threads."""

    def step(self, name: str, total: int) -> AbstractContextManager[Advance]:
        """A step of `total` equal pieces."""
        ...

    def download(self, filename: str, total_bytes: int) -> AbstractContextManager[Advance]:
        """A file being downloaded."""
        ...


class Silent:
    """Says nothing."""

    @contextmanager
    def step(self, name: str, total: int) -> Iterator[Advance]:
        yield lambda _: None

    download = step


class ProgressBars:
    """Progress bars on the console: one for each step, and one for each file while it downloads."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None

    @contextmanager
    def step(self, name: str, total: int) -> Iterator[Advance]:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console) as progress:
            self._progress = progress
            task = progress.add_task(name, total=total)
            try:
                yield lambda count: progress.update(task, advance=count)
            finally:
                self._progress = None

    @contextmanager
    def download(self, filename: str, total_bytes: int) -> Iterator[Advance]:
        progress = self._progress
        if progress is None:
            yield lambda _: None
            return
        task = progress.add_task(f"  {filename}", total=total_bytes)
        try:
            yield lambda count: progress.update(task, advance=count)
        finally:
            progress.remove_task(task)
