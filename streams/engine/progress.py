"""What has got through, as evidence for who is at fault when something fails."""

from dataclasses import dataclass

__all__ = ["Evidence", "Progress"]


@dataclass(slots=True)
class Progress:
    """Calls of a handler that succeeded. One for each kind of work: streams whose handlers stand on the same code and
    dependencies share it, so that on a quiet one messages are judged by what the others get through meanwhile.
    """

    handled: int = 0


@dataclass(slots=True)
class Evidence:
    """Whether others got through while a chunk, of which nothing did, went on failing.

    What got through before its first failure says nothing: the fault may have begun in between, and lie with us.
    """

    progress: Progress
    _handled_at_first_failure: int | None = None

    def note_failure(self) -> None:
        """The handler failed on the chunk, or on a part of it."""
        if self._handled_at_first_failure is None:
            self._handled_at_first_failure = self.progress.handled

    @property
    def others_got_through(self) -> bool:
        """Did they, since the first failure?"""
        return (
            self._handled_at_first_failure is not None
            and self.progress.handled > self._handled_at_first_failure
        )
