"""A clinician's word reaches the buffer once, whatever dies; bad ones end as dead letters with their reason.

Kafka, Redis and the `learn` worker alone: what admission and assessment would write is written here.
"""

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis
from confluent_kafka import Message, Producer
from typer.testing import CliRunner

from ops.cli.cases import CaseBook
from ops.cli.connection import embedded
from ops.cli.feedback import asked, buffered_examples, publish
from ops.cli.kafka import Follower
from ops.cli.main import app
from ops.cli.rebuild import rebuild_buffer
from ops.cli.stack import stack_config
from ops.local.blocking import running
from ops.local.config import PartSpec, StackConfig
from ops.local.stack import Stack
from schemas import DeadLetter, DeadLetterReason, Origin
from streams.adapters.redis_feedback import BufferStats, RedisFeedbackBuffer
from streams.domain.feedback import FeedbackExample
from streams.settings import BufferSettings
from streams.topics import DEADLETTERS, STANDARD
from tests.integration.parts import Parts
from tests.unit.streams.factories import admitted, dead_letter
from trainer.watch.rounds import LABELS, Rounds

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

WAIT_S = 60.0
BUFFER = "{triage:feedback}:"
SOURCE = "clinic"


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    config = stack_config(tmp_path_factory.mktemp("feedback"))
    (learn,) = (worker for worker in config.workers if worker.name == "learn")
    changes = {"servers": {"kafka", "redis"}, "workers": (_without_triton(learn),)}
    with running(Stack(StackConfig(**{**dict(config), **changes}))) as stack:
        yield Parts(stack)


def _without_triton(worker: PartSpec) -> PartSpec:
    return worker.model_copy(update={"env": {**worker.env, "TRIAGE_TRITON_ADDRESS": "127.0.0.1:1"}})


@pytest.fixture
def bootstrap(parts: Parts) -> str:
    return str(parts.stack.endpoints.kafka)


@pytest.fixture
def settings(parts: Parts) -> BufferSettings:
    return embedded(parts.stack.endpoints, BufferSettings)


@pytest.fixture
def server(parts: Parts) -> Iterator["redis.Redis"]:
    url = str(parts.stack.endpoints.redis_url)
    with redis.Redis.from_url(url, decode_responses=True) as client:
        yield client


@pytest.fixture
def letters(bootstrap: str) -> Iterator[Callable[[], list[DeadLetter]]]:
    """The dead letters since the test began."""
    follower, book = Follower({"bootstrap.servers": bootstrap}, from_start=False), CaseBook()

    def read() -> list[DeadLetter]:
        for record in follower.records():
            book.add(record)
        return list(book.dead_letters.values())

    yield read
    follower.close()


def _word(message_id: str, **changes: Any) -> bytes:
    document = {
        "feedback_id": uuid4().hex,
        "message_id": message_id,
        "source": SOURCE,
        "clinician_id": "c1",
        "verdict": "overridden",
        "diagnosis": "diabetes",
        "urgency": 2,
        "decided_at": datetime.now(UTC).isoformat(),
        **changes,
    }
    return json.dumps(document).encode()


def _admit(bootstrap: str, *names: str) -> list[Origin]:
    """Write messages to the standard lane; return where they stand."""
    places: list[Origin] = []

    def note(_: object, record: Message) -> None:
        place = Origin(topic=STANDARD.name, partition=record.partition() or 0, offset=record.offset() or 0)
        places.append(place)

    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all"})
    for name in names:
        message = admitted(name, source=SOURCE, patient_id=name)
        producer.produce(STANDARD.name, message.model_dump_json(), name, on_delivery=note)
    assert producer.flush(WAIT_S) == 0
    return places


def _declare_dead(bootstrap: str, origin: Origin) -> DeadLetter:
    letter = dead_letter(origin)
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all"})
    producer.produce(DEADLETTERS.name, letter.model_dump_json(), str(origin))
    assert producer.flush(WAIT_S) == 0
    return letter


def _stats(settings: BufferSettings) -> BufferStats:
    return asked(settings, RedisFeedbackBuffer.stats)


def _words(settings: BufferSettings) -> int:
    return sum(_stats(settings).counts.values())


def _wait_for(condition: Callable[[], bool], what: str) -> None:
    give_up_at = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < give_up_at, what
        time.sleep(0.1)


def _content(server: "redis.Redis") -> dict[str, object]:
    """Everything that the buffer holds."""
    content: dict[str, object] = {}
    for name in sorted(server.scan_iter(f"{BUFFER}*")):
        kind = server.type(name)
        if kind == "hash":
            content[name] = server.hgetall(name)
        elif kind == "zset":
            content[name] = server.zrange(name, 0, -1, withscores=True)
        else:
            content[name] = sorted(server.smembers(name))
    return content


def _settled(server: "redis.Redis", message_id: str) -> dict[str, Any]:
    kept = server.hget(f"{BUFFER}examples", f"{SOURCE}\x1f{message_id}")
    assert kept is not None
    settled: dict[str, Any] = json.loads(str(kept))["settled"]
    return settled


def test_the_latest_word_counts_and_disagreement_is_adjudicated(
    bootstrap: str, settings: BufferSettings, server: "redis.Redis"
) -> None:
    _admit(bootstrap, "words")
    before = _words(settings)
    publish(settings, [_word("words", diagnosis="cancer"), _word("words", diagnosis="diabetes")])
    _wait_for(lambda: _words(settings) == before + 2, "both words are kept")
    assert _settled(server, "words") == {"diagnosis": "diabetes", "urgency": 2, "disputed": []}
    kept = [json.loads(example) for example in asked(settings, buffered_examples)]
    assert [example["settled"] for example in kept if example["message_id"] == "words"] == [
        {"diagnosis": "diabetes", "urgency": 2, "disputed": []}
    ]
    publish(settings, [_word("words", clinician_id="c2", diagnosis="normal")])
    _wait_for(lambda: _words(settings) == before + 3, "the other clinician's word is kept")
    assert _settled(server, "words") == {"diagnosis": None, "urgency": 2, "disputed": ["diagnosis"]}
    assert _stats(settings).adjudications_open == 1
    publish(settings, [_word("words", clinician_id="c2", diagnosis="diabetes")])
    _wait_for(lambda: _words(settings) == before + 4, "the last word is kept")
    assert _stats(settings).adjudications_open == 0


def test_every_kind_of_bad_feedback_has_its_own_dead_letter(
    bootstrap: str, settings: BufferSettings, letters: Callable[[], list[DeadLetter]]
) -> None:
    _admit(bootstrap, "judged")
    (origin,) = _admit(bootstrap, "dead")
    dead = _declare_dead(bootstrap, origin)
    _wait_for(lambda: len(letters()) == 1, "the letter is there")
    once = _word("judged")
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    bad = [
        (DeadLetterReason.MESSAGE_UNKNOWN, _word("never-sent")),
        (DeadLetterReason.MESSAGE_IS_DEAD_LETTER, _word("dead")),
        (DeadLetterReason.MESSAGE_IS_DEAD_LETTER, _word(str(dead.event_id))),
        (DeadLetterReason.LABEL_UNKNOWN, _word("judged", diagnosis="influenza")),
        (DeadLetterReason.FIELD_MISSING, b"{}"),
        (DeadLetterReason.FIELD_UNKNOWN, _word("judged", name="x")),
        (DeadLetterReason.NOT_JSON, b"{"),
        (DeadLetterReason.NOTHING_SAID, _word("judged", diagnosis=None, urgency=None)),
        (DeadLetterReason.FUTURE_TIMESTAMP, _word("judged", decided_at=later)),
        (DeadLetterReason.FEEDBACK_REPLAYED, once),
    ]
    publish(settings, [once, *(word for _, word in bad)])
    _wait_for(lambda: len(letters()) == 1 + len(bad), "all have a letter")
    ours = [letter for letter in letters() if letter.event_id != dead.event_id]
    assert sorted(letter.reason for letter in ours) == sorted(reason for reason, _ in bad)
    assert {letter.origin.topic for letter in ours} == {"triage.feedback.v1"}


def test_a_dispute_is_settled_and_a_patient_erased_from_the_command_line(
    bootstrap: str,
    settings: BufferSettings,
    server: "redis.Redis",
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("TRIAGE_DEVELOPMENT", "1")
    monkeypatch.setenv("TRIAGE_KAFKA_BOOTSTRAP", bootstrap)
    monkeypatch.setenv("TRIAGE_KAFKA_SECURITY_PROTOCOL", "PLAINTEXT")
    monkeypatch.setenv("TRIAGE_REDIS_URL", settings.redis_url.get_secret_value())
    monkeypatch.setenv("TRIAGE_MODEL_REPOSITORY", str(settings.model_repository))

    def command(*arguments: str, words: list[bytes] | None = None, code: int = 0) -> str:
        done = CliRunner().invoke(app, ["feedback", *arguments], input=b"\n".join(words or []))
        assert done.exit_code == code, done.output
        return done.output

    _admit(bootstrap, "told")
    assert "1 sent: 1 kept, 0 dead letters" in command("send", "-", words=[_word("told")])
    bad = [_word("told"), _word("nobody"), _word("told", clinician_id="c2", diagnosis="gout")]
    told = command("send", "-", words=bad, code=1)
    assert "3 sent: 1 kept, 2 dead letters (label_unknown 1, message_unknown 1)" in told

    name = "0123456789abcdef" * 2  # `_admit` gives the patient the same name
    _admit(bootstrap, name)
    before = _words(settings)
    publish(settings, [_word(name), _word(name, clinician_id="c2", diagnosis="cancer")])
    _wait_for(lambda: _words(settings) == before + 2, "both words are kept")
    assert name in command("disputes", "--json")
    assert "1 kept" in command("adjudicate", name, "--as", "judge", "--diagnosis", "normal")
    _wait_for(lambda: _settled(server, name)["diagnosis"] == "normal", "the ruling counts")
    assert name not in command("disputes", "--json")

    given = [FeedbackExample.model_validate_json(kept) for kept in asked(settings, buffered_examples)]
    labels = Rounds(tmp_path).begin([one for one in given if one.patient_id == name], "count") / LABELS
    assert name in labels.read_text()
    at = ("--rounds", str(tmp_path), "--runs", str(tmp_path))
    erased = command("erase", "--patient", name, "--yes", *at)
    assert "Erased: all feedback on the patient in the buffer (1 messages)" in erased
    assert "1 examples of rounds" in erased
    assert labels.read_text() == ""
    _wait_for(lambda: _stats(settings).erased_patients == 1, "the erasure has come")
    _wait_for(lambda: name not in str({**_content(server), f"{BUFFER}erased": None}), "all of it is gone")
    assert asked(settings, RedisFeedbackBuffer.erased) == {name}
    assert asyncio.run(rebuild_buffer(settings)).refused["patient_erased"] == 3
    assert name not in str({**_content(server), f"{BUFFER}erased": None})


def test_a_worker_killed_while_it_keeps_words_counts_none_twice(
    parts: Parts, bootstrap: str, settings: BufferSettings, letters: Callable[[], list[DeadLetter]]
) -> None:
    names = [f"killed-{i}" for i in range(60)]
    _admit(bootstrap, *names)
    before = _words(settings)
    publish(settings, [_word(name) for name in names])
    _wait_for(lambda: _words(settings) > before, "the worker is at it")
    parts.crash("learn")  # offsets are committed every few seconds: none of these are
    _wait_for(parts.are_ready, "the worker is back")
    publish(settings, [_word(name) for name in names])
    _wait_for(lambda: _words(settings) >= before + 120, "all words are kept")
    assert _words(settings) == before + 120
    assert letters() == []  # what came again is no replay


def test_while_redis_is_away_words_wait(parts: Parts, bootstrap: str, settings: BufferSettings) -> None:
    names = [f"waits-{i}" for i in range(5)]
    _admit(bootstrap, *names)
    before = _words(settings)
    server = parts.pid("redis")
    os.kill(server, signal.SIGSTOP)
    try:
        publish(settings, [_word(name) for name in names])
        time.sleep(3.0)
    finally:
        os.kill(server, signal.SIGCONT)
    _wait_for(lambda: _words(settings) == before + 5, "nothing is lost")


def test_a_buffer_emptied_in_the_middle_is_rebuilt_to_the_same_content(
    bootstrap: str, settings: BufferSettings, server: "redis.Redis"
) -> None:
    names = [f"again-{i}" for i in range(30)]
    _admit(bootstrap, *names)
    before = _words(settings)
    labels = ("diabetes", "cancer", "normal", "influenza")
    publish(
        settings,
        [
            _word(name, diagnosis=labels[(i + j) % 4], clinician_id=f"c{j % 2}")
            for j in range(3)
            for i, name in enumerate(names)
        ],
    )
    _wait_for(lambda: _words(settings) == before + 90, "all words are kept")
    whole = _content(server)
    server.flushall()
    assert asyncio.run(rebuild_buffer(settings)).read >= 90
    assert _content(server) == whole

    server.flushall()
    publish(settings, [_word("again-0", diagnosis="normal")])
    _wait_for(lambda: _words(settings) == 1, "the worker goes on with an empty buffer")
    asyncio.run(rebuild_buffer(settings))
    assert _words(settings) == before + 91
    publish(settings, [_word("again-1")])
    _wait_for(lambda: _words(settings) == before + 92, "and goes on after the rebuild")
    lived = _content(server)
    asyncio.run(rebuild_buffer(settings))
    assert _content(server) == lived
