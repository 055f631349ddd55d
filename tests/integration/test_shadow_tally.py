"""The tally's script on a real Redis: each message counts once, and a shadow that nobody ends is bounded."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import pytest
import redis

from streams.adapters.redis_shadow import RedisShadowTally
from tests.integration.own_redis import own_redis

T = TypeVar("T")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with own_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


def _with(url: str, work: Callable[[RedisShadowTally], Awaitable[T]], most_messages: int = 100) -> T:
    async def run() -> T:
        tally = RedisShadowTally(url, most_messages=most_messages)
        try:
            return await work(tally)
        finally:
            await tally.close()

    return asyncio.run(run())


def test_a_message_that_comes_again_from_any_worker_counts_once(url: str) -> None:
    async def add(tally: RedisShadowTally) -> None:
        await tally.add("s-1", {"m-1": ["messages", "same_level"], "m-2": ["messages", "unanswered"]})

    _with(url, add)
    _with(url, add)
    _with(url, lambda tally: tally.add("s-1", {"m-2": ["messages", "same_level"], "m-3": ["messages"]}))
    _with(url, lambda tally: tally.add("s-2", {"m-1": ["messages"]}))
    _with(url, lambda tally: tally.add("s-2", {}))
    assert _with(url, lambda tally: tally.read("s-1")) == {"messages": 3, "same_level": 1, "unanswered": 1}
    assert _with(url, lambda tally: tally.read("s-2")) == {"messages": 1}
    assert _with(url, lambda tally: tally.read("s-3")) == {}


def test_the_tally_is_bounded_and_forgotten(url: str) -> None:
    many = {f"m-{number}": ["messages"] for number in range(30)}
    _with(url, lambda tally: tally.add("s-9", many), most_messages=20)
    _with(url, lambda tally: tally.add("s-9", {"m-99": ["messages"]}), most_messages=20)
    assert _with(url, lambda tally: tally.read("s-9")) == {"messages": 20}
    with redis.Redis.from_url(url) as server:
        assert all(0 < server.ttl(key) <= 30 * 86_400 for key in server.scan_iter("*s-9*"))
        assert server.exists("triage:shadow:{s-9}:seen")
