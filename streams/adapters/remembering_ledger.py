"""A ledger that remembers what its worker has seen, for when the shared one is away.

One patient's messages meet on one partition, so on one worker: what it saw lately is nearly all that it needs to know.
Does not cover: a partition that changes its worker during the outage, and an id whose two messages take two lanes of
two workers. There the first decision by offset stands.
"""

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from streams.errors import Unavailable
from streams.metrics import LEDGER_AWAY
from streams.ports import MessageLedger, Sighting

__all__ = ["RememberingLedger"]

Entry = tuple[str, str, str]
"""Key, content digest, record origin: as in `MessageLedger.sight`."""

_REMEMBERED = 50_000
_TOLD_AT_ONCE = 500


@dataclass(slots=True)
class RememberingLedger:
    """Asks `shared`. While that is away it refuses only what it knows to be another content under a known id.

    What it let through meanwhile is told to `shared` before anything else once that is back.
    """

    shared: MessageLedger
    _seen: OrderedDict[str, tuple[str, str]] = field(default_factory=OrderedDict)
    _untold: OrderedDict[str, Entry] = field(default_factory=OrderedDict)
    _unreleased: dict[str, str] = field(default_factory=dict)

    async def sight(self, entries: Sequence[Entry]) -> list[Sighting]:
        """See `streams.ports.MessageLedger`. Never raises Unavailable."""
        try:
            await self._release_the_rest()
            await self._tell_the_rest()
            sightings = await self.shared.sight(entries)
        except Unavailable:
            LEDGER_AWAY.inc(len(entries))
            return [self._recall(entry) for entry in entries]
        return [self._confirm(entry, sighting) for entry, sighting in zip(entries, sightings, strict=True)]

    async def release(self, key: str, origin: str) -> None:
        """See `streams.ports.MessageLedger`. Never raises Unavailable: what could not be released is, later."""
        _, first_origin = self._seen.get(key, ("", None))
        if first_origin == origin:
            del self._seen[key]
            self._untold.pop(key, None)
        self._unreleased[key] = origin
        with suppress(Unavailable):
            await self._release_the_rest()

    def _confirm(self, entry: Entry, sighting: Sighting) -> Sighting:
        """A shared ledger that came back without its last writes calls a known id new: this worker knows better."""
        key, digest, origin = entry
        known = self._seen.get(key)
        if sighting is Sighting.FIRST and known is not None and known[0] != digest:
            self._unreleased[key] = origin
            self._untold[key] = (key, *known)
            return Sighting.CONFLICT
        if sighting is not Sighting.CONFLICT:
            self._remember(entry)
        return sighting

    async def _tell_the_rest(self) -> None:
        while self._untold:
            batch = list(islice(self._untold.values(), _TOLD_AT_ONCE))
            await self.shared.sight(batch)
            for key, _, _ in batch:
                self._untold.pop(key, None)

    async def _release_the_rest(self) -> None:
        for key, origin in list(self._unreleased.items()):
            await self.shared.release(key, origin)
            self._unreleased.pop(key, None)

    def _recall(self, entry: Entry) -> Sighting:
        key, digest, _ = entry
        if key not in self._seen:
            self._remember(entry)
            self._untold[key] = entry
            if len(self._untold) > _REMEMBERED:
                self._untold.popitem(last=False)
        known_digest, _ = self._seen[key]
        # A copy is decided once more rather than dropped on this worker's word alone: consumers drop the event.
        return Sighting.FIRST if known_digest == digest else Sighting.CONFLICT

    def _remember(self, entry: Entry) -> None:
        key, digest, origin = entry
        self._seen.setdefault(key, (digest, origin))
        self._seen.move_to_end(key)
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
