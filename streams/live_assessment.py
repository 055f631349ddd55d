"""Assessment by the live version: a worker goes over to a promoted one between two chunks, without a restart.

A chunk ends with the version that it began with, and a message that comes again is decided by the version that was live
when it was first sighted, for as long as that one can be asked. A version whose files are not those that were released,
or which the model server does not have ready, does not serve: the worker stays on the one it has, and says so. So it
does where the last change was written by a newer release and cannot be read; the next one that can be read is followed
again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic

import structlog

from schemas import AdmittedMessage
from streams.assessment import Assessment
from streams.domain.decide import Decision
from streams.domain.live_model import Candidate, LiveModel
from streams.errors import Unavailable, VersionUnusable
from streams.metrics import MODEL_FORMER_GONE, MODEL_LIVE, MODEL_WAITING
from streams.ports import Priority
from streams.shadow import NeverReloads, Shadow

__all__ = ["LiveAssessment", "Load"]

log = structlog.get_logger(__name__)

_FOLLOW_EVERY_S = 0.5
_FORMER_WAIT_S = 10.0
"""How long messages wait for a former version that fails while the live one is ready: a rollback must free them."""
FILES, STEPS = "model-files", "model-steps"

Load = Callable[[str, str | None], Assessment]
"""Version and content digest (None: not known) to what decides by it. Blocks; raises VersionUnusable."""


@dataclass(slots=True)
class LiveAssessment:
    """Decides by the version that `state` names, else by `default_version`."""

    state: Callable[[], Awaitable[LiveModel]]
    load: Load
    default_version: str
    shadow: Shadow | None = None
    _candidate: Candidate | None = None
    _serving: Assessment | None = None
    _loaded: dict[tuple[str, str | None], Assessment] = field(default_factory=dict)
    _formers: dict[str, Assessment] = field(default_factory=dict)
    _former_fails_since_s: dict[str, float] = field(default_factory=dict)
    _told: str | None = None
    _following: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def live_version(self) -> str:
        """The version that decides now. Raises Unavailable while nobody can say, or it cannot serve."""
        return (await self._live()).version

    async def decide(
        self, messages: Sequence[AdmittedMessage], lane: Priority, versions: Sequence[str | None]
    ) -> list[Decision]:
        """Return one decision a message, in their order, by its version of `versions`.

        None, or a version that can no longer be asked: by the live one. Raises as `Assessment.decide` does, and
        Unavailable while it is not known which version is live.
        """
        live = await self._live()
        decisions: dict[int, Decision] = {}
        for version, places in _places(versions, live.version).items():
            part = [messages[place] for place in places]
            if version == live.version:
                made = await self._decide_by_live(live, part, lane)
            else:
                made = await self._decide_by_former(version, live, part, lane)
            decisions.update(zip(places, made, strict=True))
        return [decisions[place] for place in range(len(messages))]

    async def _live(self) -> Assessment:
        if self._serving is None:
            await self.refresh()
        if self._serving is None:
            raise Unavailable(FILES)
        return self._serving

    async def _decide_by_live(
        self, live: Assessment, messages: Sequence[AdmittedMessage], lane: Priority
    ) -> list[Decision]:
        decisions = await live.decide(messages, lane)
        is_live = self._serving is live  # a candidate is compared with the version that it would follow
        if self.shadow is not None and self._candidate is not None and is_live:
            self.shadow.offer(self._candidate, messages, decisions)
        return decisions

    async def _decide_by_former(
        self, version: str, live: Assessment, messages: Sequence[AdmittedMessage], lane: Priority
    ) -> list[Decision]:
        try:
            decisions = await (await self._former(version)).decide(messages, lane)
        except VersionUnusable:
            waits_for = "files"
        except Unavailable:
            if not await self._is_given_up(version, live):
                raise
            waits_for = "server"
        else:
            self._former_fails_since_s.pop(version, None)
            return decisions
        MODEL_FORMER_GONE.inc(len(messages))
        log.warning(
            "model_former_version_gone",
            version=version,
            waits_for=waits_for,
            serving=live.version,
            messages=len(messages),
        )
        return await live.decide(messages, lane)

    async def _former(self, version: str) -> Assessment:
        """A version that was live, without the right to reload: that would take the live one away, too."""
        if version not in self._formers:
            known = [made for (name, _), made in self._loaded.items() if name == version]
            # Its digest is not known here; a number is never given twice.
            made = known[-1] if known else await self._load(version, None)
            self._formers[version] = replace(made, model=NeverReloads(made.model))
        return self._formers[version]

    async def _is_given_up(self, version: str, live: Assessment) -> bool:
        """A server that is away as a whole is waited for: it comes back with both."""
        if not await live.model.ready():
            self._former_fails_since_s.pop(version, None)
            return False
        since_s = self._former_fails_since_s.setdefault(version, monotonic())
        return monotonic() - since_s >= _FORMER_WAIT_S

    async def ready(self) -> bool:
        """Can the version that serves be asked now?"""
        return self._serving is not None and await self._serving.model.ready()

    async def follow(self) -> None:
        """Go on following the live version. Never returns."""
        while True:
            try:
                await self.refresh()
            except Unavailable as away:
                self._say("model_unknown", waits_for=away.service)
            await asyncio.sleep(_FOLLOW_EVERY_S)

    async def refresh(self) -> None:
        """Go over to the live version if it can serve. Raises Unavailable where nobody can say which one it is."""
        async with self._following:
            state = await self.state()
            self._candidate = None
            if state.unreadable is not None:
                self._stay(state.unreadable)
                return
            wanted = state.version or self.default_version
            digest = state.change.content_sha256 if state.change else None
            if self._serving is None or self._serving.version != wanted:
                await self._go_over_to(wanted, digest)
            else:
                self._told = None
                MODEL_WAITING.clear()
            if self._serving is not None and self._serving.version == wanted:
                self._candidate = state.candidate

    def _stay(self, change: int) -> None:
        """Nobody here can say which version is live. Raises Unavailable where there is none to stay on."""
        if self._serving is None:
            raise Unavailable(STEPS)
        self._wait_for("unknown", "steps")
        self._say("model_change_unreadable", change=change, serving=self._serving.version)

    async def _go_over_to(self, version: str, digest: str | None) -> None:
        try:
            new = await self._load(version, digest)
        except VersionUnusable as cause:
            self._wait_for(version, "files")
            self._say("model_version_unusable", version=version, cause=str(cause))
            return
        # With nothing to stay on there is no choice: consumption waits for the server.
        if self._serving is not None and not await new.model.ready():
            self._wait_for(version, "server")
            self._say("model_version_not_ready", version=version, serving=self._serving.version)
            return
        self._serving, self._told = new, None
        MODEL_WAITING.clear()
        MODEL_LIVE.clear()
        MODEL_LIVE.labels(version).set(1)
        log.info("model_version_serves", version=version)

    async def _load(self, version: str, digest: str | None) -> Assessment:
        """Each version is read once in a worker's life, so that a rollback need not wait for its files."""
        key = version, digest
        if key not in self._loaded:
            self._loaded[key] = await asyncio.to_thread(self.load, version, digest)
        return self._loaded[key]

    def _wait_for(self, version: str, what: str) -> None:
        MODEL_WAITING.clear()
        MODEL_WAITING.labels(version, what).set(1)

    def _say(self, event: str, **fields: object) -> None:
        """Once for each state, not at every look."""
        told = f"{event} {fields}"
        if told != self._told:
            self._told = told
            log.warning(event, **fields)


def _places(versions: Sequence[str | None], live: str) -> Mapping[str, list[int]]:
    """Which messages each version decides; None: the live one does."""
    places: dict[str, list[int]] = {}
    for place, version in enumerate(versions):
        places.setdefault(version or live, []).append(place)
    return places
