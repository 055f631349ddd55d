"""What all workers compared of one candidate, added up in Redis: each message once."""

import json
from collections.abc import Mapping, Sequence

from redis.asyncio import Redis

from streams.adapters.redis_connection import connect, redis_errors
from streams.domain.shadow import MOST_MESSAGES

__all__ = ["RedisShadowTally"]

_PREFIX = "triage:shadow:"
_RETENTION_S = 30 * 86_400
_ADD = """
local counts, seen = KEYS[1], KEYS[2]
for event_id, names in pairs(cjson.decode(ARGV[1])) do
  if redis.call('SCARD', seen) < tonumber(ARGV[2]) and redis.call('SADD', seen, event_id) == 1 then
    for _, name in ipairs(names) do redis.call('HINCRBY', counts, name, 1) end
  end
end
redis.call('EXPIRE', counts, ARGV[3])
redis.call('EXPIRE', seen, ARGV[3])
"""


class RedisShadowTally:
    """Implements `streams.shadow.ShadowTally`. Raises Unavailable."""

    def __init__(self, url: str, *, most_messages: int = MOST_MESSAGES) -> None:
        self._redis: Redis = connect(url)
        self._most_messages = most_messages
        self._add = self._redis.register_script(_ADD)

    async def add(self, shadowing: str, outcomes: Mapping[str, Sequence[str]]) -> None:
        """See `streams.shadow.ShadowTally`. All of `outcomes` or none; what comes after the bound counts nothing."""
        if not outcomes:
            return
        keys = [f"{_PREFIX}{{{shadowing}}}{part}" for part in ("", ":seen")]
        with redis_errors():
            await self._add(keys=keys, args=[json.dumps(outcomes), self._most_messages, _RETENTION_S])

    async def read(self, shadowing: str) -> dict[str, int]:
        """What was added so far."""
        with redis_errors():
            found = await self._redis.hgetall(f"{_PREFIX}{{{shadowing}}}")
        return {str(name): int(count) for name, count in found.items()}

    async def close(self) -> None:
        """Close the connection."""
        await self._redis.aclose()
