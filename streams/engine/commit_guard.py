"""Which offset of a partition may be committed: never one above a message still in process."""

from collections import defaultdict, deque
from typing import Any
from weakref import WeakSet

from faust.types import TP, Message

__all__ = ["CommitGuard", "TrackedMessages"]


class CommitGuard:
    """The messages in process of each partition, in the order in which streams picked them up.

    That order is the order of offsets: a partition is fetched in order, by one fetcher, into one queue.
    """

    def __init__(self) -> None:
        self._in_process: defaultdict[TP, deque[Message]] = defaultdict(deque)
        self._committable: dict[TP, int] = {}

    @property
    def partitions(self) -> frozenset[TP]:
        """Where messages were picked up."""
        return frozenset(self._in_process)

    def track(self, message: Message) -> None:
        """Hold the commit point of the message's partition until `message.acked`."""
        self._in_process[message.tp].append(message)

    def committable_offset(self, tp: TP) -> int | None:
        """Offset of the next message to read after a restart; None while nothing has been finished.

        Messages that finish early wait behind the lowest unfinished one. Offsets that were never delivered
        (compacted away, transaction markers) hold nothing up, because only delivered messages are tracked.
        """
        waiting = self._in_process[tp]
        while waiting and waiting[0].acked:
            self._committable[tp] = waiting.popleft().offset + 1
        return self._committable.get(tp)

    def forget(self) -> None:
        """Start anew: after an assignment, positions begin at the committed offsets."""
        self._in_process.clear()
        self._committable.clear()


class TrackedMessages(WeakSet[Any]):
    """Faust's set of unacked messages, telling the guard of each message that a stream picks up.

    Why a set: the Python stream (`Stream._py_aiter`) and the Cython one (`StreamIterator._prepare_event`)
    both inline `Consumer.track_message` as `consumer._unacked_messages.add(message)`, so this call is the
    only place which sees every message, whichever variant runs.
    """

    def __init__(self, guard: CommitGuard) -> None:
        super().__init__()
        self._guard = guard

    def add(self, item: Message) -> None:
        super().add(item)
        self._guard.track(item)
