"""`triage watch` goes on after whatever lies on the topics."""

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from confluent_kafka import KafkaError, KafkaException
from typer.testing import CliRunner

from ops.cli import connection, kafka, messages, play
from ops.cli.kafka import AWAY, BACK, Follower
from ops.cli.main import app
from ops.cli.tables import REVIEW_MARK
from ops.local.stack import Endpoints
from schemas import DeadLetter
from tests.unit.ops.cli.test_cases import FakeRecord, events


class FakeFollower:
    """Hands out what lies on the topics, then Ctrl-C."""

    configs: ClassVar[list[Mapping[str, object]]] = []
    """What each was made with."""

    def __init__(self, config: Mapping[str, object], *, told: Callable[[str], None], **_: object) -> None:
        self.configs.append(config)
        self._told = told
        self._rest = [
            [FakeRecord(DeadLetter.contract, None)],
            [FakeRecord(DeadLetter.contract, b"{}"), FakeRecord("triage.urgencies.v1", b"\xff")],
            events()[:3],
            events()[3:],
        ]

    def records(self, timeout_s: float) -> list[FakeRecord]:
        if not self._rest:
            raise KeyboardInterrupt
        if line := {3: AWAY, 2: BACK}.get(len(self._rest)):
            self._told(line)
        return self._rest.pop(0)


@contextmanager
def _running_stack(*_: object) -> Iterator[Endpoints]:
    yield Endpoints("embedded:1", None, None, None, None)


@pytest.fixture(autouse=True)
def _topics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRIAGE_KAFKA_BOOTSTRAP", raising=False)
    monkeypatch.setattr(connection, "running_stack", _running_stack)
    monkeypatch.setattr(FakeFollower, "configs", [])
    monkeypatch.setattr(messages, "Follower", FakeFollower)
    monkeypatch.setattr(messages, "Sender", lambda _: None)
    # Time flies: a look at the topics each time that the command asks.
    monkeypatch.setattr(play, "time", SimpleNamespace(monotonic=itertools.count(step=10).__next__))


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")


def test_a_program_gets_the_case_after_records_that_cannot_be_read() -> None:
    result = CliRunner().invoke(app, ["watch", "--json"])
    assert result.exit_code == 0
    assert [json.loads(line)["message_id"] for line in result.stdout.splitlines()] == ["m1"]
    assert "2 records could not be read" in result.stderr


def test_the_table_shows_the_case_and_counts_what_could_not_be_read(terminal: None) -> None:
    result = CliRunner().invoke(app, ["watch"])
    assert result.exit_code == 0
    assert "withheld" in result.stdout
    assert "2 records could not be read" in result.stdout


def test_where_there_is_no_terminal_each_case_is_written_once() -> None:
    result = CliRunner().invoke(app, ["watch"])
    head, *rows = result.stdout.splitlines()
    assert head.split()[:3] == ["time", "patient", "urgency"]
    assert [row.split()[1:4] for row in rows] == [["pppppppp", "2?", "withheld"]]
    assert rows[0].split()[-1] == REVIEW_MARK  # although the review came behind the decisions
    assert "2 records could not be read" in result.stderr


def test_the_broker_s_outage_is_told_above_the_table(terminal: None) -> None:
    told = CliRunner().invoke(app, ["watch"]).stdout.replace("\n", " ")
    assert told.index(AWAY) < told.index(BACK)


@pytest.mark.parametrize("words", [["watch"], ["watch", "--json"]], ids=" ".join)
def test_the_broker_s_outage_is_told_beside_the_lines(words: list[str]) -> None:
    told = CliRunner().invoke(app, words).stderr.replace("\n", " ")
    assert told.index(AWAY) < told.index(BACK)


def test_the_embedded_stack_is_watched() -> None:
    CliRunner().invoke(app, ["watch"])
    (config,) = FakeFollower.configs
    assert (config["bootstrap.servers"], config["security.protocol"]) == ("embedded:1", "PLAINTEXT")


def test_the_deployment_that_the_environment_names_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAGE_KAFKA_BOOTSTRAP", "deployed:1")
    monkeypatch.setenv("TRIAGE_KAFKA_USERNAME", "u-board")
    CliRunner().invoke(app, ["watch"])
    (config,) = FakeFollower.configs
    assert (config["bootstrap.servers"], config["security.protocol"], config["sasl.username"]) == (
        "deployed:1",
        "SASL_SSL",
        "u-board",
    )


class FakeConsumer:
    """A client whose broker answers, or does not."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.answers, self.asked, self.fails = True, 0, config["error_cb"]

    def list_topics(self, *_: object, **__: object) -> SimpleNamespace:
        self.asked += 1
        if not self.answers:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))
        return SimpleNamespace(topics={})

    def assign(self, _: object) -> None: ...

    def consume(self, *_: object) -> list[FakeRecord]:
        return []


def test_the_follower_asks_after_a_failure_and_tells_each_change_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[FakeConsumer] = []

    def make(config: dict[str, Any]) -> FakeConsumer:
        made.append(FakeConsumer(config))
        return made[0]

    monkeypatch.setattr(kafka, "Consumer", make)
    monkeypatch.setattr(kafka, "time", SimpleNamespace(monotonic=itertools.count(step=10).__next__))
    told: list[str] = []
    follower = Follower({"bootstrap.servers": "nowhere:1"}, from_start=False, told=told.append)
    (consumer,) = made
    asked = consumer.asked
    follower.records()
    assert (consumer.asked, told) == (asked, []), "nothing failed, so nobody is asked"
    consumer.fails(KafkaError(KafkaError._TRANSPORT))
    follower.records()
    assert told == [], "one connection of several broke"
    consumer.answers = False
    consumer.fails(KafkaError(KafkaError._ALL_BROKERS_DOWN))
    for _ in range(3):
        follower.records()
    assert told == [AWAY]
    consumer.answers = True
    for _ in range(3):
        follower.records()
    assert told == [AWAY, BACK]
