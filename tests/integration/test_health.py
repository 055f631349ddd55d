"""What a worker tells its operators: alive, ready, how far behind."""

import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable

import pytest

from ops.cli.play import Playback
from ops.local.stack import Stack
from tests.integration.bad_input import message
from tests.integration.parts import Parts

pytestmark = pytest.mark.stack

WAIT_S = 30.0


def _get(stack: Stack, worker: str, path: str) -> tuple[int, str]:
    status = stack.status()
    assert status is not None
    url = f"http://{status.address(worker)}{path}"
    try:
        with urllib.request.urlopen(url, timeout=WAIT_S) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def _wait_for(condition: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < give_up_at, "it did not happen"
        time.sleep(0.1)


@pytest.mark.parametrize("worker", ["admit", "assess"])
def test_a_worker_with_its_partitions_is_ready(stack: Stack, worker: str) -> None:
    assert _get(stack, worker, "/health/live") == (200, '{"live":true}')
    _wait_for(lambda: _get(stack, worker, "/health/ready")[0] == 200)


def test_without_its_model_assess_is_alive_and_not_ready(parts: Parts, stack: Stack) -> None:
    triton = parts.pid("triton")
    os.kill(triton, signal.SIGSTOP)
    try:
        code, body = _get(stack, "assess", "/health/ready")
        assert (code, json.loads(body)) == (503, {"ready": False, "waits_for": ["model"]})
        assert _get(stack, "assess", "/health/live")[0] == 200
        assert _get(stack, "admit", "/health/ready")[0] == 200
    finally:
        os.kill(triton, signal.SIGCONT)
    _wait_for(lambda: _get(stack, "assess", "/health/ready")[0] == 200)


def test_metrics_tell_lag_work_and_decisions(stack: Stack, playback: Playback) -> None:
    playback.play([json.dumps(message(message_id="measured")).encode()])
    assert playback.wait(WAIT_S).complete
    _, admit = _get(stack, "admit", "/metrics")
    _, assess = _get(stack, "assess", "/metrics")
    assert 'triage_consumer_lag_records{partition="0",topic="triage.messages.v1"}' in admit
    assert 'triage_consumer_lag_records{partition="7",topic="triage.express.v1"}' in assess
    for name in (
        "triage_chunk_messages_count",
        "triage_handle_seconds_bucket",
        "triage_decisions_total",
        "triage_model_request_seconds_count",
        "triage_event_loop_lag_seconds_count",
    ):
        assert f"\n{name}{{" in assess or f"\n{name} " in assess, name
