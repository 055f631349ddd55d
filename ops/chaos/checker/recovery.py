"""How long decisions stood still after a fault, by the broker's clock.

The clock of a partition stops at the first decision about a message that Kafka took in after the fault (after its
end, for faults that last): a decision that was on its way when the fault came proves nothing. Partitions of the raw
topic and of the lanes count, since a fault of the first stage stalls the former and one of the second the latter.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from ops.chaos.checker.events import URGENCIES
from ops.chaos.checker.log import TopicLog
from ops.chaos.history import Fault

__all__ = ["Recovery", "against_targets", "by_kind", "find_recoveries"]

TARGETS_S = {"kill_worker": 10.0, "kill_triton": 3.0, "restart_broker": 15.0}
"""What is aimed at, of the worst fault of a kind. A run passes without: other work on a machine slows it."""

AFFECTED_S = 0.5
"""A partition is affected where the first message after the fault waited longer than an idle stack ever takes."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """`seconds`: until the last affected partition went on; `soonest_s`: until the first one did.

    Both are null where no message came in after the fault; without an affected partition they are the time to the
    next decision on any. `partitions`: the seconds of each that was affected.
    """

    kind: str
    target: str
    seconds: float | None
    soonest_s: float | None
    partitions: dict[str, float]


@dataclass(frozen=True, slots=True)
class _Passage:
    """One decided message: when it came in, when its urgency was appended, and the partitions it passed through."""

    accepted_at_ms: int
    decided_at_ms: int
    partitions: tuple[str, ...]


def find_recoveries(faults: Iterable[Fault], log: TopicLog) -> list[Recovery]:
    """One for each fault, in their order."""
    passages = sorted(_passages(log), key=lambda passage: passage.accepted_at_ms)
    return [_recovery(fault, passages) for fault in faults]


def by_kind(recoveries: Iterable[Recovery]) -> dict[str, dict[str, float | int | None]]:
    """How many faults of each kind there were, and the median and worst of their seconds."""
    grouped: defaultdict[str, list[Recovery]] = defaultdict(list)
    for recovery in recoveries:
        grouped[recovery.kind].append(recovery)
    return {kind: _summary(of_kind) for kind, of_kind in sorted(grouped.items())}


def against_targets(
    kinds: Mapping[str, Mapping[str, float | int | None]],
) -> dict[str, dict[str, float | bool | None]]:
    """The worst of each of `by_kind` that has an aim, beside it. `met` is null where no message followed the faults."""
    targets: dict[str, dict[str, float | bool | None]] = {}
    for kind, aim_s in TARGETS_S.items():
        if kind in kinds:
            worst_s = kinds[kind]["max"]
            met = None if worst_s is None else worst_s <= aim_s
            targets[kind] = {"aim_s": aim_s, "worst_s": worst_s, "met": met}
    return targets


def _summary(recoveries: Sequence[Recovery]) -> dict[str, float | int | None]:
    seconds = [recovery.seconds for recovery in recoveries if recovery.seconds is not None]
    soonest = [recovery.soonest_s for recovery in recoveries if recovery.soonest_s is not None]
    return {
        "faults": len(recoveries),
        "median": round(median(seconds), 2) if seconds else None,
        "max": round(max(seconds), 2) if seconds else None,
        "soonest_max": round(max(soonest), 2) if soonest else None,
    }


def _passages(log: TopicLog) -> list[_Passage]:
    decided_at: dict[str | None, int] = {}
    for event in log.events[URGENCIES]:
        decided_at.setdefault(event.message, event.appended_at_ms)
    passages = {}
    for event in log.lanes():
        accepted_at = log.raw.get(event.origin or "")
        if event.message in passages or event.message not in decided_at or accepted_at is None:
            continue
        raw = str(event.origin).rpartition("-")[0]
        lane = f"lane-{event.partition}"
        passages[event.message] = _Passage(accepted_at, decided_at[event.message], (raw, lane))
    return list(passages.values())


def _recovery(fault: Fault, passages: Sequence[_Passage]) -> Recovery:
    since_ms = fault.counts_from_ms
    first: dict[str, _Passage] = {}
    for passage in passages:
        if passage.accepted_at_ms > since_ms:
            for partition in passage.partitions:
                first.setdefault(partition, passage)
    if not first:
        return Recovery(fault.kind, fault.target, None, None, {})
    affected = {
        partition: (passage.decided_at_ms - since_ms) / 1000
        for partition, passage in sorted(first.items())
        if passage.decided_at_ms - passage.accepted_at_ms > AFFECTED_S * 1000
    }
    next_anywhere = (min(passage.decided_at_ms for passage in first.values()) - since_ms) / 1000
    return Recovery(
        fault.kind,
        fault.target,
        max(affected.values(), default=next_anywhere),
        min(affected.values(), default=next_anywhere),
        affected,
    )
