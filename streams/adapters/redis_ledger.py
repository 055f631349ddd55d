"""The ledger of message ids in Redis."""

from collections.abc import Sequence
from hashlib import sha256

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from streams.adapters.redis_connection import redis_errors
from streams.ports import LedgerEntry, Sighted, Sighting

__all__ = ["RedisLedger"]

_SEEN, _FREED = "triage:seen:", "triage:freed:"

_DELETE_IF_FIRST = """
local stored = redis.call('GET', KEYS[1])
if not stored or string.sub(stored, -#ARGV[1] - 1) ~= '|' .. ARGV[1] then return 0 end
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('EXPIRE', KEYS[2], ARGV[2])
return redis.call('DEL', KEYS[1])
"""


class RedisLedger:
    """Maps a message id to the digest, the version and the origin of the record that first carried it.

    A key is written once, so SET NX followed by GET names the first record even when two workers race. Keys are
    hashed: a sender's id is nobody's business here. What was released is kept beside it: a worker that remembers the
    record has no other way to learn that its id is free.
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

    async def sight(self, entries: Sequence[LedgerEntry]) -> list[Sighted]:
        """See `streams.ports.MessageLedger`."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for entry in entries:
                name = _name(_SEEN, entry.key)
                pipe.set(name, _written(entry), nx=True, ex=self._retention_s)
                pipe.get(name)
            with redis_errors():
                replies = await pipe.execute()
        return [
            _sighted(entry, bool(created), stored)
            for entry, created, stored in zip(entries, replies[::2], replies[1::2], strict=True)
        ]

    async def release(self, key: str, origin: str) -> None:
        """See `streams.ports.MessageLedger`. Compares and deletes in one step, on the server."""
        names = [_name(_SEEN, key), _name(_FREED, key)]
        with redis_errors():
            await self._delete_if_first(keys=names, args=[origin, self._retention_s])

    async def was_released(self, key: str, origin: str) -> bool:
        """See `streams.ports.SharedLedger`."""
        with redis_errors():
            return bool(await self._redis.sismember(_name(_FREED, key), origin))

    async def close(self) -> None:
        """Close all connections."""
        await self._redis.aclose()


def _name(prefix: str, key: str) -> str:
    return prefix + sha256(key.encode()).hexdigest()


def _written(entry: LedgerEntry) -> str:
    # The origin last and alone: so a worker of the release before this one still knows a redelivery.
    version = "" if entry.version is None else f"@{entry.version}"
    return f"{entry.digest}{version}|{entry.origin}"


def _sighted(entry: LedgerEntry, created: bool, stored: str | None) -> Sighted:
    if created or stored is None:  # None: expired between the two commands
        return Sighted(Sighting.FIRST, entry)
    content, _, origin = stored.partition("|")
    digest, _, version = content.partition("@")
    first = LedgerEntry(entry.key, digest, origin, version or None)
    if first.origin == entry.origin:
        return Sighted(Sighting.REDELIVERY, first)
    return Sighted(Sighting.DUPLICATE if first.digest == entry.digest else Sighting.CONFLICT, first)
