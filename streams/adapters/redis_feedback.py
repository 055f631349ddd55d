"""The feedback buffer in Redis.

| Key (prefix `{triage:feedback}:`) | Holds | Bound, and what goes first |
|---|---|---|
| `cases` (hash), `touched` (by broker's time) | what clinicians said of a message | 50,000 messages, oldest word |
| `recent` (by broker's time) | what training has not seen for sure | 5,000 messages, oldest word |
| `reservoir:<class>` (by random tag) | a uniform sample of a class, for replay | 500 messages a class, highest tag |
| `examples` (hash) | the message and its labels | those in `recent` or a reservoir |
| `disputed` | open adjudications | those in `cases` |
| `counts` (hash) | words by verdict and label, those of erased patients too | the label set |
| `erased` | pseudonyms of patients of whom nothing is kept | erasures |

Every bound keeps the first of an order that follows from the topic alone, so the content does not depend on how
partitions were interleaved, or on what came twice. What leaves its class keeps its place in the reservoir: taking it
out would let the past depend on the order again. Readers look at the example's own labels.

One change is one script: it is made as a whole, and only from the state that it was computed from.
"""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from schemas import DeadLetterReason
from streams.adapters.redis_connection import connect, redis_errors
from streams.errors import Rejected, Unavailable
from streams.ports import BufferEntry

__all__ = ["BufferLimits", "BufferStats", "RedisFeedbackBuffer"]

_PREFIX = "{triage:feedback}:"
_WRITE = """
local cases, touched, recent, examples, disputed, counts, lock, erased = unpack(KEYS, 1, 8)
local id, seen, state, example = unpack(ARGV, 1, 4)
local appended_ms, priority, is_disputed, token, counted = unpack(ARGV, 5, 9)
local max_cases, max_recent, max_class, joined, patient = unpack(ARGV, 10, 14)

local holder = redis.call('GET', lock)
if holder and holder ~= token then return -2 end
if redis.call('SISMEMBER', erased, patient) == 1 then return -3 end
if (redis.call('HGET', cases, id) or '') ~= seen then return -1 end

local left = {}
local function trim(key, first, last)
  for _, gone in ipairs(redis.call('ZRANGE', key, first, last)) do
    redis.call('ZREM', key, gone)
    left[#left + 1] = gone
  end
end
local function is_kept(member)
  for i = 9, #KEYS do
    if redis.call('ZSCORE', KEYS[i], member) then return true end
  end
  return redis.call('ZSCORE', recent, member)
end

redis.call('HSET', cases, id, state)
redis.call('HSET', examples, id, example)
redis.call('HINCRBY', counts, counted, 1)
redis.call('ZADD', touched, 'GT', appended_ms, id)
redis.call('ZADD', recent, 'GT', appended_ms, id)
redis.call(is_disputed == '1' and 'SADD' or 'SREM', disputed, id)
for i = 9, 8 + joined do
  redis.call('ZADD', KEYS[i], priority, id)
  trim(KEYS[i], max_class, -1)
end
trim(recent, 0, -1 - max_recent)
for _, gone in ipairs(redis.call('ZRANGE', touched, 0, -1 - max_cases)) do
  redis.call('ZREM', touched, gone)
  redis.call('ZREM', recent, gone)
  redis.call('HDEL', cases, gone)
  redis.call('SREM', disputed, gone)
  left[#left + 1] = gone
end
for _, gone in ipairs(left) do
  if not is_kept(gone) then redis.call('HDEL', examples, gone) end
end
return redis.call('SCARD', disputed)
"""


@dataclass(frozen=True, slots=True)
class BufferLimits:
    """How much is kept; see above."""

    cases: int = 50_000
    recent: int = 5_000
    per_class: int = 500


@dataclass(frozen=True, slots=True)
class BufferStats:
    """How much there is."""

    cases: int
    recent: int
    examples: int
    adjudications_open: int
    erased_patients: int
    reservoirs: dict[str, int]
    counts: dict[str, int]
    is_being_rebuilt: bool


class RedisFeedbackBuffer:
    """Implements `ports.FeedbackBuffer`, and what operators and trainers do with the buffer.

    `classes`: every class that can have a reservoir. `token`: this rebuild's mark, for the one who rebuilds.
    """

    def __init__(
        self,
        url: str,
        classes: Sequence[str],
        *,
        limits: BufferLimits | None = None,
        token: str = "",
    ) -> None:
        self._redis: Redis = connect(url)
        self._classes = tuple(classes)
        self._limits = limits or BufferLimits()
        self._token = token
        self._write = self._redis.register_script(_WRITE)

    async def ready(self) -> bool:
        """See `streams.ports.FeedbackBuffer`."""
        try:
            with redis_errors():
                await self._redis.ping()
        except Unavailable:
            return False
        return True

    async def state(self, key: str) -> str | None:
        """See `streams.ports.FeedbackBuffer`."""
        with redis_errors():
            found: Any = await self._redis.hget(_key("cases"), key)
        return None if found is None else str(found)

    async def write(self, entry: BufferEntry) -> int | None:
        """See `streams.ports.FeedbackBuffer`."""
        # the joined ones first: the script looks at all, and adds to these
        reservoirs = [*entry.classes, *(name for name in self._classes if name not in entry.classes)]
        names = (*_CONTENT, "rebuilding", "erased")
        keys = [_key(name) for name in (*names, *(f"reservoir:{name}" for name in reservoirs))]
        limits = self._limits
        arguments: list[str | int] = [entry.key, entry.seen or "", entry.state, entry.example]
        arguments += [entry.appended_ms, entry.priority, int(entry.is_disputed), self._token, entry.counted]
        arguments += [limits.cases, limits.recent, limits.per_class, len(entry.classes)]
        arguments.append(entry.patient_id)
        with redis_errors():
            reply = int(await self._write(keys=keys, args=arguments))
        if reply == _BEING_REBUILT:
            raise Unavailable("feedback-rebuild")
        if reply == _ERASED:
            raise Rejected(DeadLetterReason.PATIENT_ERASED)
        return None if reply == _CHANGED_MEANWHILE else reply

    async def erase(self, patient_id: str) -> int:
        """See `streams.ports.FeedbackBuffer`. Reads every case: erasures are rare."""
        with redis_errors():
            # first: what a writer that is at it now has not written yet is refused then
            await self._redis.sadd(_key("erased"), patient_id)
            gone = await self._of(patient_id)
            if gone:
                async with self._redis.pipeline(transaction=True) as pipe:
                    pipe.hdel(_key("cases"), *gone)
                    pipe.hdel(_key("examples"), *gone)
                    pipe.srem(_key("disputed"), *gone)
                    for name in (_key("touched"), _key("recent"), *map(_reservoir, self._classes)):
                        pipe.zrem(name, *gone)
                    await pipe.execute()
        return len(gone)

    async def held(self, patient_id: str) -> int:
        """Return on how many of a patient's messages there is anything. Reads every case, as `erase` does."""
        with redis_errors():
            return len(await self._of(patient_id))

    async def _of(self, patient_id: str) -> set[str]:
        return {
            str(key)
            for name in ("cases", "examples")
            async for key, document in self._redis.hscan_iter(_key(name), count=100)
            if json.loads(document).get("patient_id") == patient_id
        }

    async def erased(self) -> frozenset[str]:
        """Return the pseudonyms of all erased patients."""
        with redis_errors():
            members: Any = await self._redis.smembers(_key("erased"))
        return frozenset(map(str, members))

    async def disputes(self) -> list[tuple[str, str]]:
        """Return (source, message_id) of every open adjudication."""
        with redis_errors():
            members: Any = await self._redis.smembers(_key("disputed"))
        return sorted((source, message_id) for source, message_id in (m.split("\x1f", 1) for m in members))

    async def begin_rebuild(self) -> None:
        """Empty the buffer and keep everybody else out, until `end_rebuild`; one that died is taken over.

        Who is erased stays so: nothing of theirs comes back meanwhile.
        """
        with redis_errors():
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.set(_key("rebuilding"), self._token)
                pipe.delete(*(_key(name) for name in _CONTENT), *(_reservoir(name) for name in self._classes))
                await pipe.execute()

    async def end_rebuild(self) -> None:
        """Let the worker go on."""
        with redis_errors():
            await self._redis.delete(_key("rebuilding"))

    async def stats(self) -> BufferStats:
        """Count what is kept, at one moment."""
        with redis_errors():
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.hlen(_key("cases"))
                pipe.zcard(_key("recent"))
                pipe.hlen(_key("examples"))
                pipe.scard(_key("disputed"))
                pipe.scard(_key("erased"))
                pipe.hgetall(_key("counts"))
                pipe.exists(_key("rebuilding"))
                for name in self._classes:
                    pipe.zcard(_reservoir(name))
                cases, recent, examples, disputed, erased, counts, rebuilding, *sizes = await pipe.execute()
        return BufferStats(
            cases=cases,
            recent=recent,
            examples=examples,
            adjudications_open=disputed,
            erased_patients=erased,
            reservoirs=dict(zip(self._classes, sizes, strict=True)),
            counts={name: int(count) for name, count in sorted(counts.items())},
            is_being_rebuilt=bool(rebuilding),
        )

    async def examples(self) -> AsyncIterator[str]:
        """Every kept example (JSON of `FeedbackExample`), in no order."""
        with redis_errors():
            async for _, example in self._redis.hscan_iter(_key("examples"), count=100):
                yield str(example)

    async def words(self) -> AsyncIterator[tuple[str, str]]:
        """Every kept example with what each clinician said of it (JSON of `FeedbackCase`, of `FeedbackExample`)."""
        with redis_errors():
            async for key, example in self._redis.hscan_iter(_key("examples"), count=100):
                if (case := await self._redis.hget(_key("cases"), key)) is not None:
                    yield str(case), str(example)

    async def close(self) -> None:
        """Close all connections."""
        await self._redis.aclose()


_CHANGED_MEANWHILE = -1
_BEING_REBUILT = -2
_ERASED = -3
_CONTENT = ("cases", "touched", "recent", "examples", "disputed", "counts")


def _key(name: str) -> str:
    return _PREFIX + name


def _reservoir(name: str) -> str:
    return _key(f"reservoir:{name}")
