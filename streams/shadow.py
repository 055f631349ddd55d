"""A candidate answers a share of the live messages beside the live version: compared, counted, never published.

It is asked at the lowest priority, after the live decision is made, one chunk at a time; what comes meanwhile is not
sampled. Whatever fails here is counted and touches nothing that is live: no pause, no reload, no dead letter.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import structlog

from schemas import AdmittedMessage
from streams.assessment import Assessment
from streams.domain.decide import Decision
from streams.domain.live_model import Candidate
from streams.domain.shadow import compared, is_sampled
from streams.errors import TriageError, Unavailable
from streams.metrics import SHADOW, SHADOW_LABELS
from streams.ports import ModelAnswer, ModelServer, Priority
from streams.text import EncodedWindow

__all__ = ["NeverReloads", "Shadow", "ShadowTally"]

log = structlog.get_logger(__name__)

_LARGEST_SAMPLE = 8
"""The candidate's answers cost the live version's time: a long chunk is not sampled whole."""
_MOST_UNSAVED = 1_000
"""Messages that a worker keeps while nothing can be saved; later ones are not counted."""


class ShadowTally(Protocol):
    """Adds up what all workers compared. Raises Unavailable."""

    async def add(self, shadowing: str, outcomes: Mapping[str, Sequence[str]]) -> None:
        """Count each message once, however often it is added: its event id to the names that count one more.

        `shadowing`: the id of the step that began it.
        """
        ...


@dataclass(frozen=True, slots=True)
class NeverReloads:
    """The model as one may use it that is not live: a reload would take the live version away, too."""

    model: ModelServer

    async def infer(self, windows: Sequence[EncodedWindow], priority: Priority) -> list[ModelAnswer]:
        return await self.model.infer(windows, priority)

    async def ready(self) -> bool:
        return await self.model.ready()

    async def reload(self) -> None:
        return


@dataclass(slots=True)
class Shadow:
    """`load`: see `streams.live_assessment`; a version that cannot be loaded answers nothing."""

    load: Callable[[str, str | None], Assessment]
    tally: ShadowTally
    _candidate: Candidate | None = None
    _assessment: Assessment | None = None
    _running: asyncio.Task[None] | None = None
    _unsaved: dict[str, Sequence[str]] = field(default_factory=dict)
    _unsaved_of: str = ""

    def offer(
        self, candidate: Candidate, messages: Sequence[AdmittedMessage], decisions: Sequence[Decision]
    ) -> None:
        """Let the candidate answer a sample in the background, if it is not busy with another."""
        if self._running is not None and not self._running.done():
            return
        pairs = [
            (message, decision)
            for message, decision in zip(messages, decisions, strict=True)
            if decision.urgency.model is not None and is_sampled(message.event_id, candidate.share)
        ]
        if pairs:
            self._running = asyncio.create_task(self._answer(candidate, pairs[:_LARGEST_SAMPLE]))

    async def settle(self) -> None:
        """Wait until the sample in the background is compared."""
        if self._running is not None:
            await self._running

    async def _answer(self, candidate: Candidate, pairs: Sequence[tuple[AdmittedMessage, Decision]]) -> None:
        try:
            assessment = await self._of(candidate)
            answers = await assessment.decide([message for message, _ in pairs], Priority.SHADOW)
        except Exception as failed:  # noqa: BLE001 - whatever a candidate does wrong must not reach the live path
            outcomes: list[Sequence[str]] = [("messages", "unanswered")] * len(pairs)
            if not isinstance(failed, TriageError):
                log.warning("shadow_failed", version=candidate.version, error=type(failed).__name__)
        else:
            both = zip(pairs, answers, strict=True)
            outcomes = [("messages", *compared(live, answer)) for (_, live), answer in both]
        self._measure(candidate.version, Counter(name for names in outcomes for name in names))
        ids = (str(message.event_id) for message, _ in pairs)
        await self._save(candidate.since, dict(zip(ids, outcomes, strict=True)))

    async def _of(self, candidate: Candidate) -> Assessment:
        if self._assessment is None or self._candidate is None or self._candidate.since != candidate.since:
            loaded = await asyncio.to_thread(self.load, candidate.version, candidate.content_sha256)
            self._assessment = replace(loaded, model=NeverReloads(loaded.model))
            self._candidate = candidate
        return self._assessment

    def _measure(self, version: str, counts: Counter[str]) -> None:
        for outcome in ("same_level", "more_urgent", "less_urgent", "unanswered"):
            SHADOW.labels(version, outcome).inc(counts[outcome])
        answered = counts["messages"] - counts["unanswered"]
        SHADOW_LABELS.labels(version, "same").inc(counts["same_label"])
        SHADOW_LABELS.labels(version, "other").inc(answered - counts["same_label"])

    async def _save(self, shadowing: str, outcomes: Mapping[str, Sequence[str]]) -> None:
        if self._unsaved_of != shadowing:
            self._unsaved, self._unsaved_of = {}, shadowing
        for event_id, names in outcomes.items():
            if len(self._unsaved) < _MOST_UNSAVED:
                self._unsaved.setdefault(event_id, names)
        try:
            await self.tally.add(shadowing, self._unsaved)
        except Unavailable:
            log.warning("shadow_tally_away", unsaved=len(self._unsaved))  # kept for the next time
        else:
            self._unsaved = {}
