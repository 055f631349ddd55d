"""While the shared ledger is away, a worker still knows what it saw itself."""

from collections.abc import Sequence

from streams.adapters.remembering_ledger import RememberingLedger
from streams.errors import Unavailable
from streams.ports import Sighting

FIRST, DUPLICATE, CONFLICT = Sighting.FIRST, Sighting.DUPLICATE, Sighting.CONFLICT


class SharedLedger:
    """Keeps the first entry of each key; raises while `is_away`."""

    def __init__(self) -> None:
        self.is_away = False
        self.first: dict[str, tuple[str, str]] = {}

    async def sight(self, entries: Sequence[tuple[str, str, str]]) -> list[Sighting]:
        if self.is_away:
            raise Unavailable("redis")
        return [self._sight(*entry) for entry in entries]

    def _sight(self, key: str, digest: str, origin: str) -> Sighting:
        if key not in self.first:
            self.first[key] = digest, origin
            return FIRST
        known_digest, known_origin = self.first[key]
        if known_origin == origin:
            return Sighting.REDELIVERY
        return DUPLICATE if known_digest == digest else CONFLICT

    async def release(self, key: str, origin: str) -> None:
        if self.is_away:
            raise Unavailable("redis")
        if self.first.get(key, ("", ""))[1] == origin:
            del self.first[key]


async def test_during_the_outage_other_content_under_a_known_id_is_a_conflict() -> None:
    shared = SharedLedger()
    ledger = RememberingLedger(shared)
    await ledger.sight([("before", "a", "lane-0-1")])
    shared.is_away = True
    assert await ledger.sight([("before", "b", "lane-0-2"), ("during", "a", "lane-0-3")]) == [CONFLICT, FIRST]
    assert await ledger.sight([("during", "b", "lane-0-4")]) == [CONFLICT]


async def test_during_the_outage_a_copy_is_decided_again_rather_than_dropped() -> None:
    shared = SharedLedger()
    ledger = RememberingLedger(shared)
    shared.is_away = True
    assert await ledger.sight([("m", "a", "lane-0-1"), ("m", "a", "lane-0-2")]) == [FIRST, FIRST]


async def test_after_the_outage_the_shared_ledger_hears_what_was_let_through() -> None:
    shared = SharedLedger()
    ledger = RememberingLedger(shared)
    shared.is_away = True
    await ledger.sight([("during", "a", "lane-0-1")])
    shared.is_away = False
    assert await ledger.sight([("after", "a", "lane-0-2"), ("during", "b", "lane-0-3")]) == [FIRST, CONFLICT]
    assert shared.first["during"] == ("a", "lane-0-1")


async def test_a_release_during_the_outage_is_made_up_for() -> None:
    shared = SharedLedger()
    ledger = RememberingLedger(shared)
    await ledger.sight([("m", "a", "lane-0-1")])
    shared.is_away = True
    await ledger.release("m", "lane-0-1")
    shared.is_away = False
    assert await ledger.sight([("m", "a", "lane-0-2")]) == [FIRST]


async def test_a_message_that_became_a_dead_letter_is_not_remembered() -> None:
    shared = SharedLedger()
    ledger = RememberingLedger(shared)
    shared.is_away = True
    await ledger.sight([("m", "a", "lane-0-1")])
    await ledger.release("m", "lane-0-1")
    assert await ledger.sight([("m", "b", "lane-0-2")]) == [FIRST]


async def test_a_shared_ledger_that_forgot_is_told_again_and_not_believed() -> None:
    shared = SharedLedger()
    ledger = RememberingLedger(shared)
    await ledger.sight([("m", "a", "lane-0-1")])
    shared.first.clear()
    assert await ledger.sight([("m", "b", "lane-0-2")]) == [CONFLICT]
    await ledger.sight([("other", "c", "lane-0-3")])
    assert shared.first["m"] == ("a", "lane-0-1")
    assert await RememberingLedger(shared).sight([("m", "b", "lane-0-4")]) == [CONFLICT]
