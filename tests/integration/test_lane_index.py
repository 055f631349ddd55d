"""A message is found by its id, a dead letter is known as one, and an emptied index never says "unknown"."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
import redis

from schemas import DeadLetter, Origin, event_id
from streams.adapters.lane_index import LaneIndex
from streams.errors import Unavailable
from streams.ports import FoundMessage
from streams.topics import DEADLETTERS, STANDARD
from tests.integration.own_redis import own_redis
from tests.unit.streams.factories import admitted, dead_letter


class Record:
    """As much of a Kafka message as the index reads."""

    def __init__(self, topic: str, offset: int, key: bytes, value: bytes | None) -> None:
        self._fields = (topic, offset, key, value)

    def topic(self) -> str:
        return self._fields[0]

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self._fields[1]

    def key(self) -> bytes:
        return self._fields[2]

    def value(self) -> bytes | None:
        return self._fields[3]


class Topics:
    """Stands in for KafkaReader: two topics of one partition, held in memory."""

    def __init__(self) -> None:
        self.logs: dict[str, list[Record]] = {STANDARD.name: [], DEADLETTERS.name: []}
        self.read = 0
        self.after_reading: Callable[[], object] = lambda: None

    def append(self, topic: str, key: str, value: bytes | None) -> Origin:
        log = self.logs[topic]
        log.append(Record(topic, len(log), key.encode(), value))
        return Origin(topic=topic, partition=0, offset=len(log) - 1)

    def admit(self, message_id: str, **changes: Any) -> Origin:
        message = admitted(message_id, **changes)
        return self.append(STANDARD.name, "p", message.model_dump_json().encode())

    def read_on(
        self, topics: Sequence[str], positions: Mapping[tuple[str, int], int]
    ) -> Iterator[list[Record]]:
        for topic, log in self.logs.items():
            new = log[positions.get((topic, 0), 0) :]
            self.read += len(new)
            if new:
                yield new
        self.after_reading()

    def read_at(self, place: tuple[str, int, int]) -> Record | None:
        log = self.logs[place[0]]
        return log[place[2]] if place[2] < len(log) else None

    def close(self) -> None:
        return


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with own_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def server(url: str) -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(url) as client:
        client.flushall()
        yield client


@pytest.fixture
def topics(server: "redis.Redis") -> Topics:
    return Topics()


def _find(url: str, topics: Topics, *message_ids: str) -> list[FoundMessage]:
    async def find() -> list[FoundMessage]:
        index = LaneIndex(url, {})
        index._open_reader = topics  # type: ignore[assignment] # as much of it as the index uses
        try:
            return await index.find([("test", message_id) for message_id in message_ids])
        finally:
            await index.close()

    return asyncio.run(find())


def _letter(origin: Origin) -> bytes:
    letter = dead_letter(origin)
    return letter.model_dump_json().encode()


def test_an_admitted_message_is_found_and_no_other(url: str, topics: Topics) -> None:
    topics.admit("m1")
    topics.admit("m1", source="elsewhere", text="of another sender")
    found, unknown = _find(url, topics, "m1", "m2")
    assert found.message == admitted("m1")
    assert unknown == FoundMessage(None)


def test_the_first_by_offset_is_the_message(url: str, topics: Topics) -> None:
    topics.admit("m1")
    topics.admit("m1", text="in conflict with it")
    (found,) = _find(url, topics, "m1")
    assert found.message == admitted("m1")


def test_what_was_read_is_not_read_again(url: str, topics: Topics) -> None:
    topics.admit("m1")
    _find(url, topics, "m1")
    topics.admit("m2")
    assert _find(url, topics, "m2")[0].message == admitted("m2")
    assert topics.read == 2


def test_a_message_that_died_is_known_as_dead_until_its_letter_is_closed(url: str, topics: Topics) -> None:
    origin = topics.admit("m1")
    topics.append(DEADLETTERS.name, str(origin), _letter(origin))
    event = str(event_id(DeadLetter.contract, "", str(origin)))
    assert [each.is_dead_letter for each in _find(url, topics, "m1", event)] == [True, True]
    topics.append(DEADLETTERS.name, str(origin), None)
    assert _find(url, topics, "m1")[0].message == admitted("m1")


def test_a_record_that_the_lane_no_longer_holds_is_unknown(url: str, topics: Topics) -> None:
    topics.admit("m1")
    _find(url, topics, "m1")
    topics.logs[STANDARD.name].clear()
    assert _find(url, topics, "m1") == [FoundMessage(None)]


def test_after_redis_was_emptied_the_lanes_are_read_anew(
    url: str, topics: Topics, server: "redis.Redis"
) -> None:
    topics.admit("m1")
    _find(url, topics, "m1")
    server.flushall()
    assert _find(url, topics, "m1")[0].message == admitted("m1")


def test_an_index_that_was_emptied_meanwhile_is_away_and_does_not_say_unknown(
    url: str, topics: Topics, server: "redis.Redis"
) -> None:
    topics.admit("m1")
    topics.after_reading = server.flushall
    with pytest.raises(Unavailable, match="redis"):
        _find(url, topics, "m1")
