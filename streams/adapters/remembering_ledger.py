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
from streams.ports import LedgerEntry, SharedLedger, Sighted, Sighting

__all__ = ["RememberingLedger"]

_REMEMBERED = 50_000
_TOLD_AT_ONCE = 500


@dataclass(slots=True)
class RememberingLedger:
    """Asks `shared`. While that is away it refuses only what it knows to be another content under a known id.

    What it let through meanwhile is told to `shared` before anything else once that is back. Never raises Unavailable.
    """

    # `_seen`: key to who carried it first: what `shared` said last, or what this worker let through while it was away.
    #   Never what this worker released. Out of date where another worker released it: `shared` is asked.
    # `_untold`: the entries of these that `shared` does not hold, as far as this worker knows.
    # `_unreleased`: key to an origin that `shared` may hold as the first and must not. It is taken out before anything
    #   of `_untold` is told, so a key may stand in both.
    shared: SharedLedger
    _seen: OrderedDict[str, LedgerEntry] = field(default_factory=OrderedDict)
    _untold: OrderedDict[str, LedgerEntry] = field(default_factory=OrderedDict)
    _unreleased: dict[str, str] = field(default_factory=dict)

    async def sight(self, entries: Sequence[LedgerEntry]) -> list[Sighted]:
        """See `streams.ports.MessageLedger`."""
        try:
            await self._release_the_rest()
            await self._tell_the_rest()
            answers = await self.shared.sight(entries)
        except Unavailable:
            LEDGER_AWAY.inc(len(entries))
            return [self._recall(entry) for entry in entries]
        return [await self._confirm(entry, answer) for entry, answer in zip(entries, answers, strict=True)]

    async def release(self, key: str, origin: str) -> None:
        """See `streams.ports.MessageLedger`. What cannot be released now is, later."""
        known = self._seen.get(key)
        if known is not None and known.origin == origin:
            del self._seen[key]
            self._untold.pop(key, None)
        self._unreleased[key] = origin
        with suppress(Unavailable):
            await self._release_the_rest()

    async def _confirm(self, entry: LedgerEntry, answer: Sighted) -> Sighted:
        """A shared ledger that came back without its last writes calls a known id new: this worker knows better."""
        key, known = entry.key, self._seen.get(entry.key)
        if known is None or (answer.sighting is Sighting.FIRST and await self._was_released(known)):
            self._remember(answer.first)
            return answer
        if answer.sighting is Sighting.FIRST:
            if known.origin != entry.origin:
                self._unreleased[key] = entry.origin
                self._untold[key] = known
            return self._recall(entry)
        if self._unreleased.get(key) == answer.first.origin:  # it was called new earlier in these entries
            return self._recall(entry)
        self._remember(answer.first)
        return answer

    async def _was_released(self, known: LedgerEntry) -> bool:
        try:
            return await self.shared.was_released(known.key, known.origin)
        except Unavailable:
            return False  # a dead letter can be sent again, a second decision cannot be taken back

    async def _tell_the_rest(self) -> None:
        while self._untold:
            batch = list(islice(self._untold.values(), _TOLD_AT_ONCE))
            await self.shared.sight(batch)
            for entry in batch:
                if self._untold.get(entry.key) is entry:
                    del self._untold[entry.key]

    async def _release_the_rest(self) -> None:
        for key, origin in list(self._unreleased.items()):
            await self.shared.release(key, origin)
            if self._unreleased.get(key) == origin:
                del self._unreleased[key]

    def _recall(self, entry: LedgerEntry) -> Sighted:
        known = self._seen.get(entry.key)
        if known is None:
            known = self._untold[entry.key] = entry
            self._remember(entry)
            if len(self._untold) > _REMEMBERED:
                self._untold.popitem(last=False)
        # A copy is decided once more rather than dropped on this worker's word alone: consumers drop the event.
        return Sighted(Sighting.FIRST if known.digest == entry.digest else Sighting.CONFLICT, known)

    def _remember(self, first: LedgerEntry) -> None:
        self._seen[first.key] = first
        self._seen.move_to_end(first.key)
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
