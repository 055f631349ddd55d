"""On a real stack: what `triage send` sends again was decided earlier; `triage watch` tells an outage of the broker."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ops.cli.kafka import AWAY, BACK
from ops.cli.main import app
from ops.local.stack import Stack
from tests.integration.bad_input import message
from tests.integration.parts import Parts, PartsInContainers

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

WAIT_S = 120.0


@pytest.fixture(autouse=True)
def _on_this_stack(monkeypatch: pytest.MonkeyPatch, stack: Stack, parts: Parts) -> None:
    if isinstance(parts, PartsInContainers):
        pytest.skip("the commands find the stack by its folder, which names embedded servers")
    monkeypatch.setenv("TRIAGE_DATA_DIR", str(stack.config.data_dir))


def _sent(folder: Path, *documents: dict[str, Any]) -> list[dict[str, Any]]:
    file = folder / "messages.jsonl"
    file.write_text("".join(json.dumps(document) + "\n" for document in documents), encoding="utf-8")
    told = CliRunner().invoke(app, ["send", str(file), "--json", "--timeout-s", str(WAIT_S)])
    assert told.exit_code == 0, told.output
    return [json.loads(line) for line in told.stdout.splitlines()]


def test_a_message_that_is_sent_again_was_decided_earlier(tmp_path: Path) -> None:
    first, other = message(message_id="sent-twice"), message(message_id="sent-once")
    (row,) = _sent(tmp_path, first)
    assert (row["outcome"], row["latency_ms"] is None) == ("decided", False)
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
    (tmp_path / "one.json").write_text(json.dumps(message(message_id="in-a-table")), encoding="utf-8")
    for outcome in ("decided", "decided earlier"):
        told = CliRunner().invoke(app, ["send", str(tmp_path / "one.json")])
        assert told.exit_code == 0, told.output
        (row,) = [line for line in told.stdout.splitlines() if line.startswith("in-a-table")]
        assert row.startswith(f"in-a-table  {outcome} ")
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
        _sent(tmp_path, message(message_id="before-the-outage"))
        _wait_for(lambda: "before-the-outage" in text.read_text())
        parts.crash("kafka")
        _wait_for(lambda: BACK in text.read_text())
        _wait_for(parts.are_ready)
        _sent(tmp_path, message(message_id="after-the-outage"))
        _wait_for(lambda: "after-the-outage" in text.read_text())
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
