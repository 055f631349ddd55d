"""Parts die and come back: nothing is lost, and nothing is decided twice differently."""

import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from ops.cli.demo import patient_message
from ops.cli.play import Playback
from schemas import ReviewReason
from tests.integration.bad_input import message
from tests.integration.parts import Parts
from trainer.corpus import generate

pytestmark = pytest.mark.stack


def _payloads(name: str, count: int) -> list[bytes]:
    return [
        json.dumps(patient_message(item, f"{name}-{i}", patient=f"P{i % 50}")).encode()
        for i, item in enumerate(generate(count, seed=11))
    ]


def _wait_for(condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.1)


def _decided(playback: Playback) -> int:
    playback.follow(0.0)
    return playback.summary().decided


@pytest.mark.parametrize("part", ["admit", "assess", "triton", "redis"])
def test_a_killed_part_loses_nothing(parts: Parts, playback: Playback, part: str) -> None:
    payloads = _payloads(f"kill-{part}", 300)
    playback.play(payloads[:150])
    parts.crash(part)
    playback.play(payloads[150:])
    summary = playback.wait(90)
    assert summary.complete
    assert (summary.decided, summary.dead_letters.total()) == (300, 0)
    _wait_for(parts.are_ready)


def test_a_killed_broker_loses_no_message_and_no_decision(parts: Parts, playback: Playback) -> None:
    payloads = _payloads("kill-kafka", 300)
    for payload in payloads[:150]:
        playback.send(payload)
    _wait_for(lambda: _decided(playback) >= 10)
    assert _decided(playback) < 150, "the broker must die while messages are on their way"
    parts.crash("kafka")
    for payload in payloads[150:]:
        playback.send(payload)
    _wait_for(parts.are_ready, timeout_s=60)
    summary = playback.wait(90)
    assert summary.complete
    assert (summary.decided, summary.dead_letters.total()) == (300, 0)


def test_while_the_model_is_away_every_express_message_is_announced_and_then_decided(
    parts: Parts, playback: Playback
) -> None:
    """Of one patient, one by one: each is a chunk of its own on the same partition, and none waits behind another."""
    names = [f"announced-{i}" for i in range(80)]
    triton = parts.pid("triton")
    os.kill(triton, signal.SIGSTOP)
    try:
        text = "Crushing chest pain going into my left arm, sweating"
        for name in names:
            playback.play([json.dumps(message(message_id=name, text=text)).encode()], interval_s=0.03)
        _wait_for(lambda: all(_announced(playback, name) for name in names), timeout_s=40)
        assert not any(playback.book.cases["bad-input", name].complete for name in names)
    finally:
        with suppress(ProcessLookupError):  # the supervisor gave it up
            os.kill(triton, signal.SIGCONT)
    assert playback.wait(60).missing == 0
    levels = {
        case.urgency.level for name in names if (case := playback.book.cases["bad-input", name]).urgency
    }
    assert max(levels) <= 2


def _announced(playback: Playback, message_id: str) -> bool:
    playback.follow(0.0)
    case = playback.book.cases.get(("bad-input", message_id))
    reviews = case.reviews if case else []
    return any(
        ReviewReason.MODEL_UNAVAILABLE in review.reasons and review.level_floor is not None
        for review in reviews
    )
