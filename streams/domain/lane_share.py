"""Express first, but standard work keeps a tenth of the model's capacity."""

from streams.ports import Priority

__all__ = ["LaneShare"]

_MAX_OWED_WINDOWS = 512
"""A long quiet time on the standard lane earns it no burst that would hold up express work."""


class LaneShare:
    """Chooses the priority of each request.

    Strict priority starves: while express work waits, the model server serves nothing else. A standard request
    is therefore lifted to express priority whenever express has taken more than `express_per_standard` windows
    for each standard one.
    """

    def __init__(self, express_per_standard: int = 9) -> None:
        self._express_per_standard = express_per_standard
        self._owed_windows = 0

    def priority(self, lane: Priority, windows: int) -> Priority:
        """Return the priority for a request of `windows` windows from `lane`, and count it."""
        if lane is Priority.EXPRESS:
            self._owed_windows = min(self._owed_windows + windows, _MAX_OWED_WINDOWS)
            return Priority.EXPRESS
        if lane is Priority.SHADOW:
            return lane  # what is not published is owed nothing
        lifted = self._owed_windows >= self._express_per_standard * windows
        self._owed_windows = max(0, self._owed_windows - self._express_per_standard * windows)
        return Priority.EXPRESS if lifted else Priority.STANDARD
