"""What has got through, as evidence for who is at fault when something fails."""

from dataclasses import dataclass

__all__ = ["Progress"]


@dataclass(slots=True)
class Progress:
    """Calls of a handler that succeeded. One for each kind of work: streams whose handlers stand on the same code and
    dependencies share it, so that on a quiet one a lone message is judged by what the others get through meanwhile.
    """

    handled: int = 0
