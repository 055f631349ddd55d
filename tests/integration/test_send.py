"""On a real stack: what `triage send` sends again was decided earlier; `triage watch` tells an outage of the broker."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from ops.cli.connection import environment_of
from ops.cli.earlier import decided_before
from ops.cli.kafka import AWAY, BACK
from ops.cli.main import app
from ops.local.stack import Stack
from streams.adapters.kafka_reader import KafkaReader
from tests.integration.bad_input import message
from tests.integration.parts import Parts, PartsInContainers

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

WAIT_S = 120.0


@pytest.fixture(autouse=True)
def _on_this_stack(monkeypatch: pytest.MonkeyPatch, stack: Stack, parts: Parts) -> None:
    """The stack's folder does not say where containers are: with these, it is taken for a deployment."""
    # On containers, too: a command that looks for an embedded stack must find this one, and fail at it.
    monkeypatch.setenv("TRIAGE_DATA_DIR", str(stack.config.data_dir))
    monkeypatch.delenv("TRIAGE_KAFKA_BOOTSTRAP", raising=False)
    if isinstance(parts, PartsInContainers):
        for name, value in environment_of(stack).items():
            monkeypatch.setenv(name, value)


def _new(name: str) -> dict[str, Any]:
    """Return a message of an id that no stack, however old, has seen: it says another time each time it is made."""
    return message(message_id=f"{name}-{uuid4().hex[:8]}")


def _sent(folder: Path, *documents: dict[str, Any]) -> list[dict[str, Any]]:
    file = folder / "messages.jsonl"
    file.write_text("".join(json.dumps(document) + "\n" for document in documents), encoding="utf-8")
    told = CliRunner().invoke(app, ["send", str(file), "--json", "--timeout-s", str(WAIT_S)])
    assert told.exit_code == 0, told.output
    return [json.loads(line) for line in told.stdout.splitlines()]


def test_a_message_that_is_sent_again_was_decided_earlier(tmp_path: Path, stack: Stack) -> None:
    first, other = _new("sent-twice"), _new("sent-once")
    (row,) = _sent(tmp_path, first)
    assert (row["outcome"], row["latency_ms"] is None) == ("decided", False)
    identity = (first["source"], first["message_id"])
    with closing(KafkaReader({"bootstrap.servers": str(stack.endpoints.kafka)})) as reader:
        assert identity in decided_before(reader, {identity}), "it went to this stack and to no other"
    begin = time.monotonic()
    changed = {**first, "text": "My elbow hurts"}
    rows = _sent(tmp_path, first, other, changed, first)
    assert time.monotonic() - begin < WAIT_S, "nothing was waited for in vain"
    assert [each["outcome"] for each in rows] == [
        "decided earlier",
        "decided",
        "dead letter",
        "decided earlier",
    ]
    for name in ("decided_at", "urgency", "diagnosis", "review_reasons"):
        assert rows[0][name] == row[name]
    assert rows[0]["latency_ms"] is None
    assert rows[2]["dead_letter"] == {"reason": "message_id_conflict", "path": "message_id"}


def test_the_table_says_that_it_was_decided_earlier(tmp_path: Path) -> None:
    sent = _new("in-a-table")
    (tmp_path / "one.json").write_text(json.dumps(sent), encoding="utf-8")
    for outcome in ("decided", "decided earlier"):
        told = CliRunner().invoke(app, ["send", str(tmp_path / "one.json")])
        assert told.exit_code == 0, told.output
        (row,) = [line for line in told.stdout.splitlines() if line.startswith(sent["message_id"])]
        assert row.startswith(f"{sent['message_id']}  {outcome} ")
        assert ("decided earlier" in row) == (outcome == "decided earlier")


def test_a_watch_tells_that_the_broker_goes_away_and_is_back(tmp_path: Path, parts: Parts) -> None:
    with (tmp_path / "told").open("wb") as told:
        watch = subprocess.Popen(
            [sys.executable, "-m", "ops.cli.main", "watch", "--json", "--from-start"],
            stdout=told,
            stderr=told,
            env=os.environ,
        )
    try:
        text = tmp_path / "told"
        before, after = _new("before-the-outage"), _new("after-the-outage")
        _sent(tmp_path, before)
        _wait_for(lambda: before["message_id"] in text.read_text())
        parts.crash("kafka")
        _wait_for(lambda: BACK in text.read_text())
        _wait_for(parts.are_ready)
        _sent(tmp_path, after)
        _wait_for(lambda: after["message_id"] in text.read_text())
    finally:
        watch.terminate()
        watch.wait(30)
    lines = [line for line in text.read_text().splitlines() if not line.startswith("{")]
    assert lines == [AWAY, BACK]


def _wait_for(condition: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < give_up_at, "it did not happen"
        time.sleep(0.2)
