"""What all workers compared of one candidate, added up in Redis."""

from collections.abc import Mapping

from redis.asyncio import Redis

from streams.adapters.redis_connection import connect, redis_errors

__all__ = ["RedisShadowTally"]

_PREFIX = "triage:shadow:"
_RETENTION_S = 30 * 86_400


class RedisShadowTally:
    """Implements `streams.shadow.ShadowTally`. Raises Unavailable."""

    def __init__(self, url: str) -> None:
        self._redis: Redis = connect(url)

    async def add(self, shadowing: str, counts: Mapping[str, int]) -> None:
        """See `streams.shadow.ShadowTally`. All of `counts` or none."""
        with redis_errors():
            async with self._redis.pipeline(transaction=True) as pipe:
                for name, count in counts.items():
                    pipe.hincrby(_PREFIX + shadowing, name, count)
                pipe.expire(_PREFIX + shadowing, _RETENTION_S)
                await pipe.execute()

    async def read(self, shadowing: str) -> dict[str, int]:
        """What was added so far."""
        with redis_errors():
            found = await self._redis.hgetall(_PREFIX + shadowing)
        return {str(name): int(count) for name, count in found.items()}

    async def close(self) -> None:
        """Close the connection."""
        await self._redis.aclose()
