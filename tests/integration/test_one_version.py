"""One message, one decision: a redelivery to another worker is decided by the version of the first sighting."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import pytest
import redis

from streams.adapters.cipher import FernetCipher
from streams.adapters.redis_ledger import RedisLedger
from streams.adapters.remembering_ledger import RememberingLedger
from streams.agents.assess import AssessStage
from streams.dead_letters import DeadLetterDesk
from streams.domain.live_model import fold
from streams.engine import Output
from streams.ports import LedgerEntry, Priority, Sighting
from tests.integration.own_redis import own_redis
from tests.unit.streams.domain.test_live_model import promoted
from tests.unit.streams.factories import NOW, PRODUCER, admitted, record
from tests.unit.streams.test_assessment import FakeModel
from tests.unit.streams.test_live_assessment import World

KEY = "clinic\x1fm1"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with own_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def url(server: str) -> str:
    with redis.Redis.from_url(server) as client:
        client.flushall()
    return server


@asynccontextmanager
async def _ledger(url: str) -> AsyncIterator[RememberingLedger]:
    """The ledger of one worker."""
    shared = RedisLedger(url, retention_s=60, timeout_s=5.0)
    try:
        yield RememberingLedger(shared)
    finally:
        await shared.close()


async def _decided_by_a_new_worker(url: str, world: World) -> Sequence[Output]:
    """What a worker that has just started, and is killed before it commits, sends about one record."""
    async with _ledger(url) as ledger:
        stage = AssessStage(
            lane=Priority.EXPRESS,
            assessment=world.live(),
            ledger=ledger,
            dead_letters=DeadLetterDesk(FernetCipher([b"k" * 32]), PRODUCER, lambda: NOW),
            notice=None,
            producer=PRODUCER,
            clock=lambda: NOW,
            audit_share=0.0,
        )
        (outputs,) = await stage.handle([(record(b"x", 3), admitted())])
        return outputs


async def test_a_redelivery_across_a_promotion_is_the_same_decision(url: str) -> None:
    world = World(v1=FakeModel(), v2=FakeModel())
    first = await _decided_by_a_new_worker(url, world)
    world.now = fold([promoted("2", 1)])
    assert await _decided_by_a_new_worker(url, world) == first
    assert world.loads == ["1", "2", "1"], "the new worker serves 2, and reads 1 for the redelivery"


async def test_an_id_that_another_worker_freed_can_be_sent_again_to_the_one_that_remembers_it(
    url: str,
) -> None:
    async with _ledger(url) as here, _ledger(url) as elsewhere:
        refused = LedgerEntry(KEY, "a", "lane-0-1", "1")
        await here.sight([refused])
        ((again, _),) = await elsewhere.sight([refused])
        assert again is Sighting.REDELIVERY
        await elsewhere.release(KEY, "lane-0-1")
        corrected = LedgerEntry(KEY, "b", "lane-0-2", "1")
        assert await here.sight([corrected]) == [(Sighting.FIRST, corrected)]
        ((other, _),) = await here.sight([LedgerEntry(KEY, "c", "lane-0-3", "1")])
        assert other is Sighting.CONFLICT


async def test_only_the_first_record_frees_its_id(url: str) -> None:
    async with _ledger(url) as ledger:
        first = LedgerEntry(KEY, "a", "lane-0-11", "1")
        await ledger.sight([first])
        await ledger.release(KEY, "lane-0-1")
        await ledger.release(KEY, "1")
        assert not await ledger.shared.was_released(KEY, "1")
        assert await ledger.sight([first]) == [(Sighting.REDELIVERY, first)]
        await ledger.release(KEY, "lane-0-11")
        assert await ledger.shared.was_released(KEY, "lane-0-11")
        assert await ledger.sight([first]) == [(Sighting.FIRST, first)]


async def test_an_emptied_ledger_does_not_make_a_known_id_new(url: str) -> None:
    async with _ledger(url) as ledger, _ledger(url) as elsewhere:
        first = LedgerEntry(KEY, "a", "lane-0-1", "1")
        await ledger.sight([first])
        with redis.Redis.from_url(url) as client:
            client.flushall()
        ((sighting, _),) = await ledger.sight([LedgerEntry(KEY, "b", "lane-0-2", "1")])
        assert sighting is Sighting.CONFLICT
        await ledger.sight([LedgerEntry("other", "a", "lane-0-3", "1")])
        assert await elsewhere.sight([first]) == [(Sighting.REDELIVERY, first)]
