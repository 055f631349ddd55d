"""The ledger of message ids in Redis."""

from collections.abc import Sequence
from hashlib import sha256

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from streams.errors import Unavailable
from streams.ports import Sighting

__all__ = ["RedisLedger"]

_PREFIX = "triage:seen:"

_DELETE_IF_FIRST = """
local stored = redis.call('GET', KEYS[1])
if stored and string.sub(stored, -#ARGV[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


class RedisLedger:
    """Maps a message id to the digest and origin of the record that first carried it.

    A key is written once, so SET NX followed by GET names the first record even when two workers race. Keys are
    hashed: a sender's id is nobody's business here.
    """

    def __init__(self, url: str, *, retention_s: int, timeout_s: float = 0.5) -> None:
        self._retention_s = retention_s
        self._redis: Redis = Redis.from_url(
            url,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 0),  # the caller lets messages pass rather than wait
            decode_responses=True,
        )
        self._delete_if_first = self._redis.register_script(_DELETE_IF_FIRST)

    async def sight(self, entries: Sequence[tuple[str, str, str]]) -> list[Sighting]:
        """See `streams.ports.MessageLedger`."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for key, digest, origin in entries:
                name = _name(key)
                pipe.set(name, f"{digest}|{origin}", nx=True, ex=self._retention_s)
                pipe.get(name)
            try:
                replies = await pipe.execute()
            except (RedisError, OSError) as exc:
                raise Unavailable("redis") from exc
        return [
            _sighting(bool(created), stored, digest, origin)
            for (_, digest, origin), created, stored in zip(entries, replies[::2], replies[1::2], strict=True)
        ]

    async def release(self, key: str, origin: str) -> None:
        """See `streams.ports.MessageLedger`. Compares and deletes in one step, on the server."""
        try:
            await self._delete_if_first(keys=[_name(key)], args=[f"|{origin}"])
        except (RedisError, OSError) as exc:
            raise Unavailable("redis") from exc

    async def close(self) -> None:
        """Close all connections."""
        await self._redis.aclose()


def _name(key: str) -> str:
    return _PREFIX + sha256(key.encode()).hexdigest()


def _sighting(created: bool, stored: str | None, digest: str, origin: str) -> Sighting:
    if created or stored is None:  # None: expired between the two commands
        return Sighting.FIRST
    first_digest, _, first_origin = stored.partition("|")
    if first_origin == origin:
        return Sighting.REDELIVERY
    return Sighting.DUPLICATE if first_digest == digest else Sighting.CONFLICT
