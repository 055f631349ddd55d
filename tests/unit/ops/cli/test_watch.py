"""`triage watch` goes on after whatever lies on the topics."""

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from ops.cli import messages, play
from ops.cli.main import app
from schemas import DeadLetter
from tests.unit.ops.cli.test_cases import FakeRecord, events


class FakeFollower:
    """Hands out what lies on the topics, then Ctrl-C."""

    def __init__(self, *_: object, **__: object) -> None:
        self._rest = [
            [FakeRecord(DeadLetter.contract, None)],
            [FakeRecord(DeadLetter.contract, b"{}"), FakeRecord("triage.urgencies.v1", b"\xff")],
            events(),
        ]

    def records(self, timeout_s: float) -> list[FakeRecord]:
        if not self._rest:
            raise KeyboardInterrupt
        return self._rest.pop(0)


@contextmanager
def _running_stack(*_: object) -> Iterator[SimpleNamespace]:
    yield SimpleNamespace(kafka="nowhere:1")


@pytest.fixture(autouse=True)
def _topics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "running_stack", _running_stack)
    monkeypatch.setattr(messages, "Follower", FakeFollower)
    monkeypatch.setattr(messages, "Sender", lambda _: None)
    # Time flies: a look at the topics each time that the command asks.
    monkeypatch.setattr(play, "time", SimpleNamespace(monotonic=itertools.count(step=10).__next__))


def test_a_program_gets_the_case_after_records_that_cannot_be_read() -> None:
    result = CliRunner().invoke(app, ["watch", "--json"])
    assert result.exit_code == 0
    assert [json.loads(line)["message_id"] for line in result.stdout.splitlines()] == ["m1"]
    assert "2 records could not be read" in result.stderr


def test_the_table_shows_the_case_and_counts_what_could_not_be_read() -> None:
    result = CliRunner().invoke(app, ["watch"])
    assert result.exit_code == 0
    assert "withheld" in result.stdout
    assert "2 records could not be read" in result.stdout
