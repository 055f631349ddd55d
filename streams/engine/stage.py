"""What a stage of the pipeline is, seen from the engine."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

from aiokafka import ConsumerRecord

from streams.errors import Rejected

__all__ = ["INTERNAL_ERROR", "PAYLOAD_TOO_LARGE", "ConsumerRecord", "Output", "RetryPolicy", "Stage"]

INTERNAL_ERROR = "internal_error"
"""Dead-letter code of a message on which our own code fails while it succeeds on others."""

PAYLOAD_TOO_LARGE = "payload_too_large"
"""Dead-letter code of a message with an output larger than the sink may produce."""

# what librdkafka adds to a message before it compares its size with message.max.bytes, rounded up
_RECORD_OVERHEAD_BYTES = 70
_HEADER_OVERHEAD_BYTES = 10

T = TypeVar("T")


class Output(NamedTuple):
    """One message to produce. A `value` of None is a tombstone; the key chooses the partition (murmur2)."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()

    @property
    def size_bytes(self) -> int:
        """Size on the wire, rounded up: key, value, headers and record overhead."""
        size = _RECORD_OVERHEAD_BYTES + len(self.key or b"") + len(self.value or b"")
        for name, value in self.headers:
            size += _HEADER_OVERHEAD_BYTES + len(name.encode()) + len(value)
        return size


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long the engine tries again.

    `internal_attempts`: calls of a handler that fails with an unexpected error, before the batch is bisected.
    Waits grow exponentially from `initial_wait_s` to at most `max_wait_s`, with full jitter, so that workers
    which lost the same dependency don't come back to it in step.
    """

    internal_attempts: int = 4
    initial_wait_s: float = 0.25
    max_wait_s: float = 10.0


class Stage(Protocol[T]):
    """Turns records of one partition into outputs, a batch at a time.

    Must be idempotent: a record comes again after a crash or a rebalance.
    """

    def decode(self, record: ConsumerRecord) -> T:
        """Parse and validate one record; `record.value` is raw bytes, or None for a tombstone.

        Raises Rejected: the record becomes a dead letter and never reaches `handle`.
        """
        ...

    async def handle(self, items: Sequence[tuple[ConsumerRecord, T]]) -> Sequence[Sequence[Output]]:
        """Process 1..chunk_size items in offset order; returns one list of outputs per item, in the same
        order.

        Raises Rejected if one of the items is at fault (the engine bisects to it), Unavailable if a
        dependency is away (the engine waits and calls again).
        """
        ...

    async def dead_letter(self, record: ConsumerRecord, cause: Rejected) -> Output:
        """The output that records why `record` was not processed. Must neither raise nor wait for long."""
        ...
