"""What the ledger says of a message id, by what Redis holds and answers."""

from typing import Any

import pytest
from redis.exceptions import BusyLoadingError, ConnectionError, TimeoutError

from streams.adapters.redis_ledger import RedisLedger
from streams.errors import Unavailable
from streams.ports import LedgerEntry, Sighting

KEY = "clinic\x1fm1"


class FakeRedis:
    """SET NX and GET of one Redis, answered by `execute` in the order of the calls."""

    def __init__(self, error: Exception | None = None) -> None:
        self.stored: dict[str, str] = {}
        self.expiries_s: list[int] = []
        self.error = error
        self.forgets_at_once = False
        self._replies: list[Any] = []

    def pipeline(self, *, transaction: bool) -> "FakeRedis":
        return self

    async def __aenter__(self) -> "FakeRedis":
        return self

    async def __aexit__(self, *_: object) -> None:
        self._replies = []

    def set(self, name: str, value: str, *, nx: bool, ex: int) -> None:
        assert nx, "a key that is there must never be written over"
        created = None if name in self.stored else True
        if created and not self.forgets_at_once:
            self.stored[name] = value
        self.expiries_s.append(ex)
        self._replies.append(created)

    def get(self, name: str) -> None:
        self._replies.append(self.stored.get(name))

    async def execute(self) -> list[Any]:
        if self.error:
            raise self.error
        return self._replies


def _ledger(fake: FakeRedis) -> RedisLedger:
    ledger = RedisLedger("redis://nowhere:1", retention_s=60)
    ledger._redis = fake  # type: ignore[assignment] # as much of it as the ledger uses
    return ledger


def _entry(digest: str, origin: str, *, key: str = KEY, version: str | None = "1") -> LedgerEntry:
    return LedgerEntry(key, digest, origin, version)


async def _sight(ledger: RedisLedger, *entries: LedgerEntry) -> list[Sighting]:
    return [sighted.sighting for sighted in await ledger.sight(entries)]


@pytest.mark.parametrize(
    ("digest", "origin", "expected"),
    [
        pytest.param("same", "lane-0-1", Sighting.REDELIVERY, id="the same record again"),
        pytest.param("same", "lane-0-2", Sighting.DUPLICATE, id="another record with the same content"),
        pytest.param("other", "lane-0-2", Sighting.CONFLICT, id="another record with other content"),
        pytest.param("other", "lane-0-1", Sighting.REDELIVERY, id="the same record, digested anew"),
        pytest.param(
            "same", "lane-0-11", Sighting.DUPLICATE, id="an offset that begins like the first one's"
        ),
    ],
)
async def test_a_known_id_is_told_by_origin_and_content(digest: str, origin: str, expected: Sighting) -> None:
    ledger = _ledger(FakeRedis())
    assert await _sight(ledger, _entry("same", "lane-0-1")) == [Sighting.FIRST]
    assert await _sight(ledger, _entry(digest, origin)) == [expected]


@pytest.mark.parametrize(
    ("digest", "origin", "expected"),
    [
        ("same", "lane-0-1", Sighting.REDELIVERY),
        ("same", "lane-0-2", Sighting.DUPLICATE),
        ("other", "lane-0-2", Sighting.CONFLICT),
    ],
)
async def test_an_entry_of_the_release_before_is_read_and_names_no_version(
    digest: str, origin: str, expected: Sighting
) -> None:
    fake = FakeRedis()
    ledger = _ledger(fake)
    await _sight(ledger, _entry("same", "lane-0-1"))
    fake.stored = dict.fromkeys(fake.stored, "same|lane-0-1")
    (sighted,) = await ledger.sight([_entry(digest, origin)])
    assert sighted == (expected, _entry("same", "lane-0-1", version=None))


async def test_the_first_carrier_comes_back_with_its_version() -> None:
    ledger = _ledger(FakeRedis())
    first = _entry("same", "lane-0-1", version="1")
    await _sight(ledger, first)
    (sighted,) = await ledger.sight([_entry("same", "lane-0-1", version="2")])
    assert sighted == (Sighting.REDELIVERY, first)


async def test_entries_of_one_call_are_sighted_in_their_order() -> None:
    entries = [
        _entry("a", "lane-0-1"),
        _entry("a", "lane-0-2", key="other"),
        _entry("a", "lane-0-3"),
        _entry("b", "lane-0-4"),
    ]
    expected = [Sighting.FIRST, Sighting.FIRST, Sighting.DUPLICATE, Sighting.CONFLICT]
    assert await _sight(_ledger(FakeRedis()), *entries) == expected


async def test_a_record_that_expired_between_two_commands_is_the_first() -> None:
    fake = FakeRedis()
    fake.forgets_at_once = True
    assert await _sight(_ledger(fake), _entry("a", "lane-0-1")) == [Sighting.FIRST]


async def test_redis_gets_no_message_id_and_forgets_in_time() -> None:
    fake = FakeRedis()
    await _sight(_ledger(fake), _entry("digest", "lane-0-1"))
    ((name, value),) = fake.stored.items()
    assert name.startswith("triage:seen:")
    assert "m1" not in name
    assert value == "digest@1|lane-0-1"
    assert fake.expiries_s == [60]


@pytest.mark.parametrize(
    "error", [ConnectionError(), TimeoutError(), BusyLoadingError(), OSError()], ids=repr
)
async def test_a_redis_that_does_not_answer_is_unavailable(error: Exception) -> None:
    with pytest.raises(Unavailable, match="redis"):
        await _sight(_ledger(FakeRedis(error)), _entry("a", "lane-0-1"))


async def test_a_release_without_redis_is_unavailable() -> None:
    ledger = RedisLedger("redis://127.0.0.1:1", retention_s=60)
    with pytest.raises(Unavailable, match="redis"):
        await ledger.release(KEY, "lane-0-1")
    with pytest.raises(Unavailable, match="redis"):
        await ledger.was_released(KEY, "lane-0-1")
    await ledger.close()
