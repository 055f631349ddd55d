"""Assessment of admitted messages: windows, the model, the decision. Used by the stream and by `triage score`."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic

from schemas import AdmittedMessage, DeadLetterReason
from streams.adapters.model_bundle import ModelBundle
from streams.domain.acuity import AcuityPolicy
from streams.domain.decide import Decision, decide, is_assessable
from streams.domain.lane_share import LaneShare
from streams.domain.reading import read_windows
from streams.errors import ModelFault, ModelRefused, Rejected, Unavailable
from streams.ports import ModelAnswer, ModelServer, Priority
from streams.text import EncodedWindow, vitals_vector

__all__ = ["YIELD_EVERY_MESSAGES", "Assessment", "RequestLimits"]

YIELD_EVERY_MESSAGES = 4
"""Deciding and announcing a message takes a millisecond: an express message gets its turn in between."""
_PROBE_TEXT = "chest pain"
_PROBES = 4
_FAULTS_UNTIL_BLAMED = 3
_RELOAD_PAUSE_S = 10.0
"""A reload stops all requests for a moment: where one did not help, the next can wait."""

Job = tuple[int, int]
"""A window's place: which message, which of its windows."""


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """How work is cut for the model server. Small requests and few standard ones in flight let express work pass."""

    request_windows: int
    express_requests: int
    standard_requests: int


@dataclass(slots=True)
class Assessment:
    """Decides about admitted messages with one version of the model."""

    bundle: ModelBundle
    model: ModelServer
    policy: AcuityPolicy
    limits: RequestLimits
    _share: LaneShare = field(default_factory=LaneShare)
    _diagnosing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _reloaded_at_s: float = field(default=-math.inf)
    _slots: dict[Priority, asyncio.Semaphore] = field(init=False)

    def __post_init__(self) -> None:
        self._slots = {
            Priority.EXPRESS: asyncio.Semaphore(self.limits.express_requests),
            Priority.STANDARD: asyncio.Semaphore(self.limits.standard_requests),
            Priority.SHADOW: asyncio.Semaphore(1),
        }

    @property
    def version(self) -> str:
        """The version that decides."""
        return self.bundle.profile.version

    async def decide(self, messages: Sequence[AdmittedMessage], lane: Priority) -> list[Decision]:
        """Return one decision a message, in their order.

        Raises Unavailable where the model is away, Rejected where it is well but fails on these messages.
        """
        profile = self.bundle.profile
        readable = [i for i, message in enumerate(messages) if is_assessable(message, profile)]
        windows = dict(zip(readable, self._windows([messages[i] for i in readable]), strict=True))
        answers = await self._ask_all(windows, lane)
        decisions = []
        for i, message in enumerate(messages):
            if i % YIELD_EVERY_MESSAGES == 0:
                await asyncio.sleep(0)
            reading = None
            if i in windows:
                reading = read_windows(profile, self.bundle.domain, windows[i], answers[i])
            decisions.append(decide(message, reading, profile, self.policy))
        return decisions

    def _windows(self, messages: Sequence[AdmittedMessage]) -> list[tuple[EncodedWindow, ...]]:
        vitals = [
            vitals_vector(m.vitals, age_years=m.age_years, sex=m.sex, pregnant=m.pregnant) for m in messages
        ]
        return self.bundle.windower.encode([m.text for m in messages], vitals) if messages else []

    async def _ask_all(
        self, windows: dict[int, tuple[EncodedWindow, ...]], lane: Priority
    ) -> dict[int, list[ModelAnswer]]:
        """Ask in requests of a few windows of similar length: padding costs transfer, and stragglers latency."""
        jobs = [(i, part) for i, parts in windows.items() for part in range(len(parts))]
        jobs.sort(key=lambda job: len(windows[job[0]][job[1]].input_ids))
        size = self.limits.request_windows
        requests = [jobs[start : start + size] for start in range(0, len(jobs), size)]
        asked = [self._ask([windows[i][part] for i, part in request], lane) for request in requests]
        # All of them end before one failure is raised: no request of this batch outlives its retry.
        results = await asyncio.gather(*asked, return_exceptions=True)
        placed: dict[Job, ModelAnswer] = {}
        for request, result in zip(requests, results, strict=True):
            if isinstance(result, BaseException):
                raise result
            placed.update(zip(request, result, strict=True))
        return {i: [placed[i, part] for part in range(len(parts))] for i, parts in windows.items()}

    async def _ask(self, windows: Sequence[EncodedWindow], lane: Priority) -> list[ModelAnswer]:
        async with self._slots[lane]:
            # A server that fails half of its requests fails some twice in a row, and may pass the probes between.
            for _ in range(_FAULTS_UNTIL_BLAMED):
                try:
                    return await self.model.infer(windows, self._share.priority(lane, len(windows)))
                except ModelFault:
                    await self._find_fault()
            raise Rejected(DeadLetterReason.MODEL_REJECTED)

    async def _find_fault(self) -> None:
        """Return where the messages are at fault; raise Unavailable where the model server is.

        A dead stub process of Triton's python backend fails a part of all requests under a server that calls
        itself ready, so several probes at once must all succeed before a message is blamed.
        """
        async with self._diagnosing:  # one reload cures all requests that failed together
            await self._probe()

    async def _probe(self) -> None:
        vitals = vitals_vector(None, age_years=None, sex=None, pregnant=None)
        (probe,) = self.bundle.windower.encode([_PROBE_TEXT], [vitals])
        probes = [self.model.infer(probe, Priority.EXPRESS) for _ in range(_PROBES)]
        results = await asyncio.gather(*probes, return_exceptions=True)
        failures = [result for result in results if isinstance(result, BaseException)]
        if not failures:
            return
        for failure in failures:
            if not isinstance(failure, ModelFault | Unavailable):
                raise failure
        # Neither a server that is away nor one that serves another model is cured by a reload.
        is_ill = any(
            isinstance(failure, ModelFault) and not isinstance(failure, ModelRefused) for failure in failures
        )
        if is_ill and monotonic() - self._reloaded_at_s > _RELOAD_PAUSE_S:
            self._reloaded_at_s = monotonic()
            await self.model.reload()
        raise Unavailable("model")
