"""While the shared ledger is away, a worker still knows what it saw itself."""

from collections.abc import Sequence

from streams.adapters.remembering_ledger import RememberingLedger
from streams.errors import Unavailable
from streams.ports import LedgerEntry, Sighted, Sighting

FIRST, DUPLICATE, CONFLICT = Sighting.FIRST, Sighting.DUPLICATE, Sighting.CONFLICT


class FakeShared:
    """Keeps the first entry of each key; raises while `is_away`."""

    def __init__(self) -> None:
        self.is_away = False
        self.first: dict[str, LedgerEntry] = {}
        self.released: set[tuple[str, str]] = set()

    async def sight(self, entries: Sequence[LedgerEntry]) -> list[Sighted]:
        self._answer()
        return [self._sight(entry) for entry in entries]

    def _sight(self, entry: LedgerEntry) -> Sighted:
        if entry.key not in self.first:
            self.first[entry.key] = entry
            return Sighted(FIRST, entry)
        first = self.first[entry.key]
        if first.origin == entry.origin:
            return Sighted(Sighting.REDELIVERY, first)
        return Sighted(DUPLICATE if first.digest == entry.digest else CONFLICT, first)

    async def release(self, key: str, origin: str) -> None:
        self._answer()
        if key in self.first and self.first[key].origin == origin:
            del self.first[key]
            self.released.add((key, origin))

    async def was_released(self, key: str, origin: str) -> bool:
        self._answer()
        return (key, origin) in self.released

    def _answer(self) -> None:
        if self.is_away:
            raise Unavailable("redis")


def _entry(key: str, digest: str, offset: int, version: str = "1") -> LedgerEntry:
    return LedgerEntry(key, digest, f"lane-0-{offset}", version)


async def _sight(ledger: RememberingLedger, *entries: LedgerEntry) -> list[Sighting]:
    return [sighted.sighting for sighted in await ledger.sight(entries)]


async def _version(ledger: RememberingLedger, entry: LedgerEntry) -> str | None:
    """The version that the entry is decided by."""
    (sighted,) = await ledger.sight([entry])
    assert sighted.sighting in (FIRST, Sighting.REDELIVERY)
    return sighted.first.version


async def test_during_the_outage_other_content_under_a_known_id_is_a_conflict() -> None:
    shared = FakeShared()
    ledger = RememberingLedger(shared)
    await _sight(ledger, _entry("before", "a", 1))
    shared.is_away = True
    assert await _sight(ledger, _entry("before", "b", 2), _entry("during", "a", 3)) == [CONFLICT, FIRST]
    assert await _sight(ledger, _entry("during", "b", 4)) == [CONFLICT]


async def test_during_the_outage_a_copy_is_decided_again_rather_than_dropped() -> None:
    shared = FakeShared()
    ledger = RememberingLedger(shared)
    shared.is_away = True
    assert await _sight(ledger, _entry("m", "a", 1), _entry("m", "a", 2)) == [FIRST, FIRST]


async def test_after_the_outage_the_shared_ledger_hears_what_was_let_through() -> None:
    shared = FakeShared()
    ledger = RememberingLedger(shared)
    shared.is_away = True
    await _sight(ledger, _entry("during", "a", 1))
    shared.is_away = False
    assert await _sight(ledger, _entry("after", "a", 2), _entry("during", "b", 3)) == [FIRST, CONFLICT]
    assert shared.first["during"] == _entry("during", "a", 1)


async def test_a_release_during_the_outage_is_made_up_for() -> None:
    shared = FakeShared()
    ledger = RememberingLedger(shared)
    await _sight(ledger, _entry("m", "a", 1))
    shared.is_away = True
    await ledger.release("m", "lane-0-1")
    shared.is_away = False
    assert await _sight(ledger, _entry("m", "a", 2)) == [FIRST]


async def test_a_message_that_became_a_dead_letter_is_not_remembered() -> None:
    shared = FakeShared()
    ledger = RememberingLedger(shared)
    shared.is_away = True
    await _sight(ledger, _entry("m", "a", 1))
    await ledger.release("m", "lane-0-1")
    assert await _sight(ledger, _entry("m", "b", 2)) == [FIRST]


async def test_a_shared_ledger_that_forgot_is_told_again_and_not_believed() -> None:
    shared = FakeShared()
    ledger = RememberingLedger(shared)
    await _sight(ledger, _entry("m", "a", 1))
    shared.first.clear()
    assert await _sight(ledger, _entry("m", "b", 2)) == [CONFLICT]
    await _sight(ledger, _entry("other", "c", 3))
    assert shared.first["m"] == _entry("m", "a", 1)
    assert await _sight(RememberingLedger(shared), _entry("m", "b", 4)) == [CONFLICT]


async def test_an_id_that_another_worker_freed_is_free_here_too() -> None:
    """Seen here, dead-lettered by another worker, and corrected here again: the partition came back."""
    shared = FakeShared()
    here, elsewhere = RememberingLedger(shared), RememberingLedger(shared)
    await _sight(here, _entry("m", "a", 1))
    await _sight(elsewhere, _entry("m", "a", 1))
    await elsewhere.release("m", "lane-0-1")
    assert await _sight(here, _entry("m", "b", 2)) == [FIRST]
    assert await _sight(here, _entry("m", "a", 3)) == [CONFLICT]


async def test_what_a_shared_ledger_holds_replaces_what_was_remembered() -> None:
    shared = FakeShared()
    here, elsewhere = RememberingLedger(shared), RememberingLedger(shared)
    await _sight(here, _entry("m", "a", 1))
    await elsewhere.release("m", "lane-0-1")
    await _sight(elsewhere, _entry("m", "b", 2))
    assert await _sight(here, _entry("m", "b", 3)) == [DUPLICATE]
    shared.is_away = True
    assert await _sight(here, _entry("m", "b", 4)) == [FIRST], "a copy, and no conflict with what was freed"


async def test_a_copy_of_what_a_forgetful_ledger_calls_first_is_in_conflict_too() -> None:
    shared = FakeShared()
    ledger = RememberingLedger(shared)
    await _sight(ledger, _entry("m", "a", 1))
    shared.first.clear()
    assert await _sight(ledger, _entry("m", "b", 2), _entry("m", "b", 3)) == [CONFLICT, CONFLICT]


async def test_a_redelivery_is_decided_by_the_version_of_the_first_sighting() -> None:
    shared = FakeShared()
    await _sight(RememberingLedger(shared), _entry("m", "a", 1))
    assert await _version(RememberingLedger(shared), _entry("m", "a", 1, version="2")) == "1"


async def test_what_was_first_sighted_during_the_outage_keeps_its_version() -> None:
    shared = FakeShared()
    ledger = RememberingLedger(shared)
    shared.is_away = True
    await _sight(ledger, _entry("m", "a", 1))
    assert await _version(ledger, _entry("m", "a", 1, version="2")) == "1"
    shared.is_away = False
    assert await _version(ledger, _entry("m", "a", 1, version="2")) == "1"
    assert await _version(RememberingLedger(shared), _entry("m", "a", 1, version="2")) == "1"


async def test_a_shared_ledger_that_forgot_does_not_change_the_version_of_a_redelivery() -> None:
    shared = FakeShared()
    ledger = RememberingLedger(shared)
    await _sight(ledger, _entry("m", "a", 1))
    shared.first.clear()
    assert await _version(ledger, _entry("m", "a", 1, version="2")) == "1"
