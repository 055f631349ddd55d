"""Breaks the stack on a schedule that follows from the seed."""

import time
from collections.abc import Callable, Sequence
from random import Random

from ops.chaos.cluster import Cluster
from ops.chaos.faults import FAULTS, FaultKind
from ops.chaos.history import Fault, HistoryWriter
from ops.chaos.load import Load

__all__ = ["Nemesis", "schedule"]

_POLL_S = 0.1
_REST_S = 3.0
"""Decisions flow again before the next fault comes: each recovery is that of one fault."""


def schedule(count: int, *, seed: int, kinds: Sequence[FaultKind] = FAULTS) -> list[FaultKind]:
    """Return `count` faults: all kinds in an order of chance, then all of them in another, and so on."""
    rng = Random(seed)
    planned: list[FaultKind] = []
    while len(planned) < count:
        planned += rng.sample(kinds, len(kinds))
    return planned[:count]


class Nemesis:
    """Injects one fault after the other. The stack is whole again before the next one comes."""

    def __init__(
        self, cluster: Cluster, history: HistoryWriter, seed: int, tell: Callable[[str], None]
    ) -> None:
        self._cluster = cluster
        self._history = history
        self._rng = Random(seed)
        self._tell = tell

    def run(self, planned: Sequence[FaultKind], messages: int, load: Load) -> None:
        """Spread the faults evenly over so many messages. Raises NotRecovered.

        A fault that takes longer than its share of them slows the load down, so that the last ones meet some, too.
        """
        share = messages / (len(planned) + 1)
        for number, kind in enumerate(planned, start=1):
            load.brisk_until = round(share * (number + 1))
            while load.sent < share * number and not load.is_over:
                time.sleep(_POLL_S)
            self._tell(f"{load.sent}/{messages} messages sent, fault {number}/{len(planned)}: {kind.name}")
            self._history.write(self.inject(kind))
            time.sleep(_REST_S)
        load.brisk_until = messages

    def inject(self, kind: FaultKind) -> Fault:
        """Inject one fault into a stack that is whole, and wait until it is so again. Raises NotRecovered."""
        self._cluster.wait_until_whole()  # a part may have died late of the fault before, as Triton of a stopped stub
        began_at_ms = _now_ms()
        with kind.strike(self._cluster, self._rng) as target:
            time.sleep(kind.hold_s)
        ended_at_ms = _now_ms()
        self._cluster.wait_until_whole()
        return Fault(kind.name, target, began_at_ms, ended_at_ms, _now_ms(), kind.recovers_from)

    def close(self) -> None:
        """End the workers that were added."""
        self._cluster.close()


def _now_ms() -> int:
    return round(time.time() * 1000)
