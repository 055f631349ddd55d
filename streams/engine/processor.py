"""From the records of one chunk to its outputs: decode, handle, retry, find the one at fault.

Knows nothing of Faust or offsets; `streams.engine.runner` acknowledges. Does not cover a handler that never
returns: deadlines are the stage's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog
from tenacity import (
    AsyncRetrying,
    retry_if_exception,
    retry_if_exception_type,
    stop_after_attempt,
    wait_none,
    wait_random_exponential,
)
from tenacity.wait import wait_base

from streams.engine.errors import DeliveryFailed, StageFailed, frames_of
from streams.engine.pauses import Pauses
from streams.engine.progress import Evidence, Progress
from streams.engine.stage import INTERNAL_ERROR, PAYLOAD_TOO_LARGE, ConsumerRecord, Output, RetryPolicy, Stage
from streams.errors import Rejected, Unavailable

__all__ = ["ChunkProcessor"]

log = structlog.get_logger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Tries:
    """How often the handler is called on the same items where it fails unexpectedly, and what lies between."""

    attempts: int
    wait: wait_base


# the whole chunk has waited before it was bisected; its parts need not wait once more each
_OF_A_PART = _Tries(1, wait_none())
_OF_A_LONE_ITEM = _Tries(2, wait_none())


@dataclass(frozen=True, slots=True)
class _Fault:
    """The handler failed on an item by itself, with an error that is no verdict on the message."""

    error: Exception


_Outcome = Sequence[Output] | Rejected | _Fault


class ChunkProcessor(Generic[T]):
    """Processes chunks of one stage, several at a time if asked to.

    `max_output_bytes`: an output above it can never be delivered, so its record becomes a dead letter. `progress` may
    be that of other streams as well.
    """

    def __init__(
        self,
        stage: Stage[T],
        *,
        topic: str,
        policy: RetryPolicy,
        max_output_bytes: int,
        progress: Progress | None = None,
    ) -> None:
        self._stage = stage
        self._backoff = wait_random_exponential(multiplier=policy.initial_wait_s, max=policy.max_wait_s)
        self._of_the_chunk = _Tries(policy.internal_attempts, self._backoff)
        self._max_output_bytes = max_output_bytes
        self._pauses = Pauses(topic)
        self._progress = progress or Progress()

    @property
    def waits_for(self) -> frozenset[str]:
        """The services that a chunk waits for now."""
        return self._pauses.services

    async def process(self, records: Sequence[ConsumerRecord]) -> list[Output]:
        """Outputs of all records, in the order of the records.

        Raises StageFailed when the stage broke its contract, or when the fault isn't that of single messages.
        """
        outcomes: dict[int, Sequence[Output] | Rejected] = {}
        items: list[tuple[ConsumerRecord, T]] = []
        for record in records:
            try:
                items.append((record, self._stage.decode(record)))
            except Rejected as verdict:
                outcomes[record.offset] = verdict
            except Exception as error:  # noqa: BLE001 - a message our decoder fails on must not stop the others
                outcomes[record.offset] = _internal_error(record, error)
        for (record, _), outcome in zip(items, await self._handle_items(items), strict=True):
            outcomes[record.offset] = outcome
        outputs: list[Output] = []
        for record in records:
            outcome = outcomes[record.offset]
            if not isinstance(outcome, Rejected):
                if self._deliverable(outcome):
                    outputs += outcome
                    continue
                outcome = Rejected(PAYLOAD_TOO_LARGE)
            outputs.append(await self._stage.dead_letter(record, outcome))
        return outputs

    def _deliverable(self, outputs: Sequence[Output]) -> bool:
        return all(output.size_bytes <= self._max_output_bytes for output in outputs)

    async def _handle_items(self, items: list[tuple[ConsumerRecord, T]]) -> list[Sequence[Output] | Rejected]:
        """Handle the items; those that make the handler fail each by itself are rejected, a failing environment is
        not blamed on them.

        Evidence that the environment works: a sibling got through, or another chunk has since the first failure, of
        this stream or of one that shares its progress. Without any the app crashes, nothing is acked, and the restart
        meets the items again, among others.
        """
        if not items:
            return []
        evidence = Evidence(self._progress)
        outcomes = await self._isolate(items, self._of_the_chunk, evidence)
        faults = [outcome for outcome in outcomes if isinstance(outcome, _Fault)]
        if len(faults) == len(items) and not evidence.others_got_through:
            raise _stage_failed(items[0][0], faults[0].error)
        return [
            _internal_error(record, outcome.error) if isinstance(outcome, _Fault) else outcome
            for (record, _), outcome in zip(items, outcomes, strict=True)
        ]

    async def _isolate(
        self, items: list[tuple[ConsumerRecord, T]], tries: _Tries, evidence: Evidence
    ) -> list[_Outcome]:
        """One outcome per item, bisecting down to single items wherever the handler fails."""
        failure: Rejected | _Fault
        try:
            return list(await self._handle(items, tries, evidence))
        except (StageFailed, DeliveryFailed):
            raise
        except Rejected as verdict:
            failure = verdict
        except Exception as error:  # noqa: BLE001 - judged in _handle_items, with its siblings
            failure = _Fault(error)
        if len(items) == 1:
            return [failure]
        middle = len(items) // 2
        outcomes: list[_Outcome] = []
        for half in (items[:middle], items[middle:]):
            outcomes += await self._isolate(half, _OF_A_LONE_ITEM if len(half) == 1 else _OF_A_PART, evidence)
        return outcomes

    async def _handle(
        self, items: list[tuple[ConsumerRecord, T]], tries: _Tries, evidence: Evidence
    ) -> Sequence[Sequence[Output]]:
        """Call the handler, and again as `tries` says if it fails unexpectedly."""
        retrying = AsyncRetrying(
            retry=retry_if_exception(_is_internal),
            stop=stop_after_attempt(tries.attempts),
            wait=tries.wait,
            after=lambda _: evidence.note_failure(),
            reraise=True,
        )
        outputs: Sequence[Sequence[Output]] = await retrying(self._handle_when_available, items)
        if len(outputs) != len(items):
            raise StageFailed("OutputCountMismatch", *_origin(items[0][0]))
        self._progress.handled += 1
        return outputs

    async def _handle_when_available(
        self, items: list[tuple[ConsumerRecord, T]]
    ) -> Sequence[Sequence[Output]]:
        """Call the handler until its dependencies are there, for ever if need be."""
        try:
            return await self._stage.handle(items)
        except Unavailable as outage:
            with self._pauses.pause(outage):
                retrying = AsyncRetrying(retry=retry_if_exception_type(Unavailable), wait=self._backoff)
                outputs: Sequence[Sequence[Output]] = await retrying(self._stage.handle, items)
                return outputs


def _is_internal(error: BaseException) -> bool:
    """Unexpected errors only. tenacity also asks about CancelledError, which must pass."""
    return isinstance(error, Exception) and not isinstance(error, Rejected | StageFailed | DeliveryFailed)


def _origin(record: ConsumerRecord) -> tuple[str, int, int]:
    return record.topic, record.partition, record.offset


def _internal_error(record: ConsumerRecord, error: Exception) -> Rejected:
    topic, partition, offset = _origin(record)
    log.error(
        "message_failed",
        error=type(error).__name__,
        frames=frames_of(error),
        topic=topic,
        partition=partition,
        offset=offset,
    )
    return Rejected(INTERNAL_ERROR)


def _stage_failed(record: ConsumerRecord, error: Exception) -> StageFailed:
    log.error("stage_failed", error=type(error).__name__, frames=frames_of(error))
    return StageFailed(type(error).__name__, *_origin(record))
