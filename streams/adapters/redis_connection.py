"""How adapters reach Redis, and what they make of its errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from streams.errors import Unavailable

__all__ = ["connect", "redis_errors"]

_TIMEOUT_S = 2.0


def connect(url: str) -> Redis:
    """Return a client that tries once, for the feedback path: who calls it pauses, and knows how to go on."""
    client: Redis = Redis.from_url(
        url,
        socket_timeout=_TIMEOUT_S,
        socket_connect_timeout=_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )
    return client


@contextmanager
def redis_errors() -> Iterator[None]:
    """Raise Unavailable for whatever Redis or the way to it does wrong."""
    try:
        yield
    except (RedisError, OSError) as exc:
        raise Unavailable("redis") from exc
