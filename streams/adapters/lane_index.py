"""Finds an admitted message by its id: an index in Redis of where it stands in the lanes.

The index is brought up to the ends of the lanes and of the dead letters before it is asked, so what it doesn't know
isn't there. It says itself how far it has read: where Redis was emptied, it reads the lanes anew. Costs about 150 bytes
of Redis a message for as long as the lanes keep it; holds no text, and no id in the clear.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from confluent_kafka import Message
from pydantic import ValidationError
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from schemas import AdmittedMessage
from streams.adapters.kafka_reader import KafkaReader, Place
from streams.adapters.redis_connection import connect, redis_errors
from streams.errors import Unavailable
from streams.ports import FoundMessage
from streams.topics import DEADLETTERS, EXPRESS, STANDARD

__all__ = ["LaneIndex"]

_PLACE = "{triage:lanes}:place:"
_DEAD = "{triage:lanes}:dead:"
_POSITIONS = "{triage:lanes}:positions"
_TOPICS = (EXPRESS.name, STANDARD.name, DEADLETTERS.name)


class LaneIndex:
    """Implements `ports.AdmittedMessages`."""

    def __init__(self, url: str, kafka: Mapping[str, object]) -> None:
        self._redis: Redis = connect(url)
        self._kafka = kafka
        self._open_reader: KafkaReader | None = None
        self._one_at_a_time = (
            asyncio.Lock()
        )  # the reader is one consumer, and partitions are handled side by side

    async def find(self, ids: Sequence[tuple[str, str]]) -> list[FoundMessage]:
        """See `streams.ports.AdmittedMessages`."""
        async with self._one_at_a_time:
            try:
                read_to = await self._catch_up()
                return [await self._find(source, message_id, read_to) for source, message_id in ids]
            except asyncio.CancelledError:
                self._open_reader = None  # its thread reads on: the next call must not share it
                raise

    async def close(self) -> None:
        """Close all connections."""
        if self._open_reader is not None:
            await asyncio.to_thread(self._open_reader.close)
        await self._redis.aclose()

    async def _find(self, source: str, message_id: str, read_to: Mapping[str, int]) -> FoundMessage:
        with redis_errors():
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.hgetall(_POSITIONS)
                pipe.get(_place_key(source, message_id))
                pipe.exists(
                    _DEAD + message_id
                )  # a board knows an unreadable message by its letter's event id
                stored, place, names_letter = await pipe.execute()
                is_dead = bool(await self._redis.exists(_DEAD + place)) if place else bool(names_letter)
        if any(int(stored.get(name, -1)) < offset for name, offset in read_to.items()):
            raise Unavailable("redis")  # emptied since we read the lanes: what isn't there could have been
        if is_dead or place is None:
            return FoundMessage(None, is_dead_letter=is_dead)
        record = await asyncio.to_thread(self._reader.read_at, _parse_place(place))
        if record is None:
            return FoundMessage(None)
        try:
            return FoundMessage(AdmittedMessage.model_validate_json(record.value() or b"", extra="ignore"))
        except ValidationError:
            return FoundMessage(None, is_dead_letter=True)  # assess could not read it either

    @property
    def _reader(self) -> KafkaReader:
        if self._open_reader is None:
            self._open_reader = KafkaReader(self._kafka)
        return self._open_reader

    async def _catch_up(self) -> dict[str, int]:
        """Read the topics to their ends; return up to where each partition was read, as Redis has it."""
        with redis_errors():
            stored: Any = await self._redis.hgetall(_POSITIONS)
        read_to = {str(name): int(offset) for name, offset in stored.items()}
        positions = {_parse_partition(name): offset for name, offset in read_to.items()}
        batches = self._reader.read_on(_TOPICS, positions)
        while batch := await asyncio.to_thread(next, batches, None):
            last = batch[-1]
            name, position = f"{last.topic()}-{last.partition()}", (last.offset() or 0) + 1
            await self._index(batch, name, position)
            read_to[name] = position
        return read_to

    async def _index(self, batch: Sequence[Message], partition: str, position: int) -> None:
        with redis_errors():
            async with self._redis.pipeline(transaction=True) as pipe:
                for record in batch:
                    _add(pipe, record)
                pipe.hset(_POSITIONS, partition, str(position))
                await pipe.execute()


def _add(pipe: "Pipeline", record: Message) -> None:
    if record.topic() == DEADLETTERS.name:
        _add_letter(pipe, record)
        return
    document = _document(record.value())
    source, message_id = document.get("source"), document.get("message_id")
    if isinstance(source, str) and isinstance(message_id, str):
        place = f"{record.topic()}-{record.partition()}-{record.offset()}"
        # the first by offset is the message; a later one is a copy, or in conflict with it
        pipe.set(_place_key(source, message_id), place, nx=True, px=STANDARD.retention_ms)


def _add_letter(pipe: "Pipeline", record: Message) -> None:
    origin = (record.key() or b"").decode(errors="replace")
    if record.value() is None:
        pipe.delete(_DEAD + origin)  # closed: the message may have been sent again
        return
    for name in (origin, str(_document(record.value()).get("event_id"))):
        pipe.set(_DEAD + name, 1, px=DEADLETTERS.retention_ms)


def _document(value: bytes | None) -> dict[str, object]:
    """The record as JSON; empty where it is none, which is `assess`'s to say."""
    try:
        document = json.loads(value or b"")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _place_key(source: str, message_id: str) -> str:
    return _PLACE + sha256(f"{source}\x1f{message_id}".encode()).hexdigest()[:32]


def _parse_place(place: str) -> Place:
    topic, partition, offset = place.rsplit("-", 2)
    return topic, int(partition), int(offset)


def _parse_partition(name: str) -> tuple[str, int]:
    topic, _, partition = name.rpartition("-")
    return topic, int(partition)
