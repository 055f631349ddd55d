"""How many records make a chunk: as many as are processed in a set time.

A chunk costs the engine about half a millisecond, whatever is in it. Behind a slow model that is nothing, and a small
chunk keeps short what a crash repeats and what urgent work waits behind; a fast stage spends a third of its time on
it. So the size follows the stage: it doubles while a full chunk is done in half of the time, and halves above it.
"""

__all__ = ["TARGET_S", "ChunkSize"]

TARGET_S = 0.02


class ChunkSize:
    """The size of a topic's next chunks: between `smallest` (the first) and `largest` records."""

    def __init__(self, smallest: int, largest: int | None = None, *, target_s: float = TARGET_S) -> None:
        if smallest < 1 or (largest is not None and largest < smallest):
            raise ValueError("a chunk has at least 1 record, and its largest size is not below its smallest")
        self.smallest = smallest
        self.largest = largest or smallest
        self.now = smallest
        self._target_s = target_s

    def note(self, records: int, took_s: float) -> None:
        """Learn from a chunk of so many records that was processed in `took_s`; one that is not full says little."""
        if took_s > self._target_s:
            self.now = max(self.smallest, min(self.now, records // 2))
        elif records >= self.now and took_s < self._target_s / 2:
            self.now = min(self.largest, self.now * 2)
