"""The buffer's script on a real Redis: bounded, the same in any order, whole or not at all."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeVar

import pytest
import redis
from typer.testing import CliRunner

from ops.cli.main import app
from ops.cli.stack import PROJECT_ROOT
from schemas import ClinicianFeedback, DeadLetterReason
from streams.adapters.redis_feedback import BufferLimits, RedisFeedbackBuffer
from streams.domain.decoding import decode_feedback
from streams.domain.feedback import Place, training_classes
from streams.errors import Rejected, Unavailable
from streams.learning import Learning
from streams.ports import FoundMessage
from tests.integration.own_redis import own_redis
from tests.unit.streams.domain.test_decode_feedback import sent
from tests.unit.streams.factories import LABELS, admitted
from trainer.corpus import generate

CLASSES = training_classes(LABELS)
MODELS = PROJECT_ROOT / "model_repo"
SMALL = BufferLimits(cases=40, recent=10, per_class=3)

T = TypeVar("T")


class EveryMessage:
    """Finds whatever is asked for."""

    async def find(self, ids: Sequence[tuple[str, str]]) -> list[FoundMessage]:
        return [FoundMessage(admitted(message_id, source=source)) for source, message_id in ids]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with own_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def server(url: str) -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(url, decode_responses=True) as client:
        client.flushall()
        yield client


def _with(url: str, work: Callable[[RedisFeedbackBuffer], Awaitable[T]], **options: object) -> T:
    async def run() -> T:
        buffer = RedisFeedbackBuffer(url, CLASSES, **options)  # type: ignore[arg-type] # its own keywords
        try:
            return await work(buffer)
        finally:
            await buffer.close()

    return asyncio.run(run())


def _content(server: "redis.Redis") -> dict[str, object]:
    content: dict[str, object] = {}
    for name in sorted(server.scan_iter("*")):
        kind = server.type(name)
        if kind == "hash":
            content[name] = server.hgetall(name)
        elif kind == "zset":
            content[name] = server.zrange(name, 0, -1, withscores=True)
        else:
            content[name] = server.smembers(name)
    return content


Spoken = tuple[ClinicianFeedback, Place]


def _spoken(messages: int, rounds: int) -> dict[int, list[Spoken]]:
    """Words on many messages, by partition: labels change, clinicians differ."""
    choose = random.Random(7)
    partitions: dict[int, list[Spoken]] = {p: [] for p in range(4)}
    for i in range(messages * rounds):
        message = choose.randrange(messages)
        words = partitions[message % 4]
        feedback = decode_feedback(
            sent(
                feedback_id=f"f{i}",
                message_id=f"m{message}",
                clinician_id=f"c{choose.randrange(2)}",
                diagnosis=choose.choice((*LABELS, "influenza")),
                urgency=choose.randrange(1, 6),
            )
        )
        words.append((feedback, Place(message % 4, len(words), 1_000 + i)))
    return partitions


async def _keep(buffer: RedisFeedbackBuffer, words: Sequence[Spoken]) -> None:
    learning = Learning(EveryMessage(), buffer, frozenset(LABELS))
    for feedback, place in words:
        (found,) = await learning.find([feedback])
        try:
            await learning.keep(feedback, found, place)
        except Rejected as cause:
            if cause.code != DeadLetterReason.LABEL_UNKNOWN:
                raise


def _interleaved(partitions: dict[int, list[Spoken]], seed: int) -> list[Spoken]:
    """The words of each partition in their order, the partitions in any."""
    choose = random.Random(seed)
    turns = [partition for partition, words in partitions.items() for _ in words]
    choose.shuffle(turns)
    left = {partition: iter(words) for partition, words in partitions.items()}
    return [next(left[partition]) for partition in turns]


def test_the_content_does_not_depend_on_how_partitions_are_interleaved_nor_on_redelivery(
    url: str, server: "redis.Redis"
) -> None:
    partitions = _spoken(messages=40, rounds=6)
    contents = []
    for seed in range(3):
        server.flushall()
        words = _interleaved(partitions, seed)
        again = [*words[:150], *words[60:150], *words[150:]]  # a crash repeats the uncommitted
        _with(url, lambda buffer, words=again: _keep(buffer, words), limits=SMALL)  # type: ignore[misc]
        contents.append(_content(server))
    assert contents[0] == contents[1] == contents[2]


def test_the_bounds_hold_and_no_text_is_kept_that_nobody_refers_to(url: str, server: "redis.Redis") -> None:
    words = _interleaved(_spoken(messages=200, rounds=4), seed=1)
    _with(url, lambda buffer: _keep(buffer, words), limits=SMALL)
    stats = _with(url, lambda buffer: buffer.stats())
    assert (stats.cases, stats.recent) == (SMALL.cases, SMALL.recent)
    assert set(stats.reservoirs.values()) == {SMALL.per_class}
    assert sum(stats.counts.values()) == len(words)
    prefix = "{triage:feedback}:"
    named = set(server.zrange(f"{prefix}recent", 0, -1))
    for name in CLASSES:
        named |= set(server.zrange(f"{prefix}reservoir:{name}", 0, -1))
    assert set(server.hkeys(f"{prefix}examples")) == named


def test_during_a_rebuild_only_the_one_who_rebuilds_writes(url: str, server: "redis.Redis") -> None:
    words = _interleaved(_spoken(messages=8, rounds=2), seed=1)
    _with(url, lambda buffer: _keep(buffer, words))
    before = _content(server)
    _with(url, lambda buffer: buffer.begin_rebuild(), token="mine")
    with pytest.raises(Unavailable, match="feedback-rebuild"):
        _with(url, lambda buffer: _keep(buffer, words[:1]))
    assert _with(url, lambda buffer: buffer.stats()).is_being_rebuilt

    async def rebuild(buffer: RedisFeedbackBuffer) -> None:
        await _keep(buffer, words)
        await buffer.end_rebuild()

    _with(url, rebuild, token="mine")
    assert _content(server) == before


def test_an_erased_patient_leaves_nothing_behind_and_never_comes_back(
    url: str, server: "redis.Redis"
) -> None:
    words = _interleaved(_spoken(messages=30, rounds=3), seed=2)
    theirs = {"m3", "m7"}

    class TwoPatients(EveryMessage):
        async def find(self, ids: Sequence[tuple[str, str]]) -> list[FoundMessage]:
            return [
                FoundMessage(admitted(name, source=source, patient_id="erased" if name in theirs else "kept"))
                for source, name in ids
            ]

    async def keep_all(buffer: RedisFeedbackBuffer) -> int:
        learning = Learning(TwoPatients(), buffer, frozenset(LABELS))
        refused = 0
        for feedback, place in words:
            (found,) = await learning.find([feedback])
            try:
                await learning.keep(feedback, found, place)
            except Rejected as cause:
                refused += cause.code == DeadLetterReason.PATIENT_ERASED
        return refused

    async def erase(buffer: RedisFeedbackBuffer) -> list[int]:
        held = [await buffer.held("erased"), await buffer.held("nobody")]
        return [
            *held,
            await buffer.erase("erased"),
            await buffer.held("erased"),
            await buffer.erase("erased"),
        ]

    assert _with(url, keep_all) == 0
    assert any(name in str(_content(server)) for name in theirs)
    assert _with(url, erase) == [2, 0, 2, 0, 0]
    for content in (_content(server), _rebuilt(url, server, keep_all)):
        ids = str({key: value for key, value in content.items() if not key.endswith("erased")})
        assert not any(f"clinic\\x1f{name}'" in ids or f'"message_id":"{name}"' in ids for name in theirs)
        assert "m4" in ids
    spoken_of_them = sum(feedback.message_id in theirs for feedback, _ in words)
    assert _with(url, keep_all) == spoken_of_them > 0
    assert _with(url, lambda buffer: buffer.stats()).erased_patients == 1


def _rebuilt(
    url: str, server: "redis.Redis", keep_all: Callable[[RedisFeedbackBuffer], Awaitable[int]]
) -> dict[str, object]:
    async def rebuild(buffer: RedisFeedbackBuffer) -> None:
        await buffer.begin_rebuild()
        await keep_all(buffer)
        await buffer.end_rebuild()

    _with(url, rebuild, token="mine")
    return _content(server)


def test_open_disputes_are_listed_until_a_ruling(url: str, server: "redis.Redis") -> None:
    def word(feedback_id: str, offset: int, **changes: object) -> Spoken:
        return decode_feedback(sent(feedback_id=feedback_id, **changes)), Place(0, offset, 1_000 + offset)

    said = [word("f1", 0, clinician_id="c1"), word("f2", 1, clinician_id="c2", diagnosis="cancer")]
    _with(url, lambda buffer: _keep(buffer, said))
    assert _with(url, lambda buffer: buffer.disputes()) == [("clinic", "m1")]
    ruling = word("f3", 2, clinician_id="c3", verdict="adjudicated", diagnosis="normal")
    _with(url, lambda buffer: _keep(buffer, [ruling]))
    assert _with(url, lambda buffer: buffer.disputes()) == []


def test_two_writers_lose_no_word(url: str, server: "redis.Redis") -> None:
    async def race(buffer: RedisFeedbackBuffer) -> None:
        words = [
            (decode_feedback(sent(feedback_id=f"f{i}", clinician_id=f"c{i}")), Place(0, i, 1_000 + i))
            for i in range(4)
        ]
        await asyncio.gather(*(_keep(buffer, [word]) for word in words))

    _with(url, race)
    stats = _with(url, lambda buffer: buffer.stats())
    assert stats.counts == {"overridden:diabetes": 4}


@pytest.mark.timeout(300)  # alone it loads torch and scikit-learn: half a minute of a busy machine
def test_labellers_of_the_buffer_are_judged_from_the_command_line(
    url: str, server: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three clinicians on the same messages; the third gives every one another label."""
    told = {f"m{number}": item for number, item in enumerate(generate(24, seed=3))}
    names = ("normal", "cancer")
    words = [
        (
            decode_feedback(
                sent(
                    feedback_id=f"f-{name}-{who}",
                    message_id=name,
                    clinician_id=f"c{who}",
                    diagnosis=names[(number + (who == 2)) % 2],
                )
            ),
            Place(0, 3 * number + who, 1_000 + number),
        )
        for number, name in enumerate(told)
        for who in range(3)
    ]

    class Told:
        async def find(self, ids: Sequence[tuple[str, str]]) -> list[FoundMessage]:
            return [FoundMessage(admitted(name, source=source, text=told[name].text)) for source, name in ids]

    async def keep(buffer: RedisFeedbackBuffer) -> None:
        learning = Learning(Told(), buffer, frozenset(LABELS))
        for feedback, place in words:
            (found,) = await learning.find([feedback])
            await learning.keep(feedback, found, place)

    _with(url, keep)
    monkeypatch.setenv("TRIAGE_DEVELOPMENT", "1")
    monkeypatch.setenv("TRIAGE_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    monkeypatch.setenv("TRIAGE_KAFKA_SECURITY_PROTOCOL", "PLAINTEXT")
    monkeypatch.setenv("TRIAGE_REDIS_URL", url)
    monkeypatch.setenv("TRIAGE_MODEL_REPOSITORY", str(MODELS))
    live = str(MODELS / "triage_bert" / "1")
    done = CliRunner().invoke(
        app, ["models", "labellers", "--against", live, "--feedback", "--workers", "1", "--json"]
    )
    assert done.exit_code == 1, done.output
    found = {one["labeller"]: one for one in json.loads(done.stdout)}
    assert {name: one["named"] for name, one in found.items()} == {"c0": False, "c1": False, "c2": True}
    assert found["c2"]["labels"] == found["c2"]["shared"] == 24
