"""A process whose event loop stands still ends, and says where it stood; while it is only slow it goes on."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from streams.engine.watchdog import CHECKS, EXIT_CODE, Watchdog

ROOT = Path(__file__).parents[4]
PATIENCE_S = 1.0
PATIENT_TEXT = "chest pain since yesterday"

PROGRAM = """
import asyncio, re, time
from streams.engine import App

sink = {{"bootstrap.servers": "127.0.0.1:1"}}
app = App("watched", broker="kafka://127.0.0.1:1", sink=sink, stuck_loop_s={patience_s})

def stands_still(text):
{work}

async def main():
    watching = asyncio.create_task(app._show_that_the_loop_turns(app))
    for _ in range(4):  # slow, but it turns
        time.sleep({patience_s} / 3)
        await asyncio.sleep({patience_s} / 5)
    print("still there", flush=True)
    stands_still("{text}")
    watching.cancel()

asyncio.run(main())
"""


def run(work: str) -> "subprocess.CompletedProcess[str]":
    program = PROGRAM.format(
        patience_s=PATIENCE_S, text=PATIENT_TEXT, work=textwrap.indent(textwrap.dedent(work).strip(), "    ")
    )
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )


def test_a_loop_that_is_slow_goes_on_and_one_that_stands_still_ends_the_process_and_says_where() -> None:
    ended = run("time.sleep(30)")
    assert ended.returncode == EXIT_CODE
    assert ended.stdout.startswith("still there\n")
    assert "event_loop_stuck" in ended.stdout
    assert "stands_still" in ended.stdout
    assert PATIENT_TEXT not in ended.stdout + ended.stderr


def test_native_code_that_lets_no_thread_run_ends_the_process_as_well() -> None:
    ended = run('re.match("(a|a)*b", "a" * 28)')
    assert ended.returncode == 1
    assert "Timeout" in ended.stderr
    assert "stands_still" in ended.stderr
    assert PATIENT_TEXT not in ended.stdout + ended.stderr


@pytest.mark.parametrize("beats_every", [1, 2, CHECKS - 1])
def test_only_a_whole_row_of_checks_without_a_beat_is_too_many(
    beats_every: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faulthandler.dump_traceback_later", lambda *_, **__: None)
    watchdog = Watchdog(PATIENCE_S)
    for check in range(3 * CHECKS):
        if check % beats_every == 0:
            watchdog.beat()
        assert not watchdog.misses_too_many()
    assert any(watchdog.misses_too_many() for _ in range(CHECKS))
