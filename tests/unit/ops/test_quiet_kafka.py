"""Ctrl-C is Ctrl-C, also while the brokers are away and the client has something to say."""

import os
import signal
import threading
from collections.abc import Iterator
from typing import NoReturn

import pytest
from confluent_kafka import Consumer

from ops.quiet_kafka import quiet

_TRIES = 8
_PRESSED_AFTER_S = 0.3


@pytest.fixture
def _ctrl_c_interrupts() -> Iterator[None]:
    """A process that was started in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_ctrl_c_interrupts")
def test_ctrl_c_while_the_brokers_are_away_is_no_error_of_the_client(
    capfd: pytest.CaptureFixture[str],
) -> None:
    consumer = Consumer(quiet({"bootstrap.servers": "127.0.0.1:1", "group.id": "nobody"}))
    for _ in range(_TRIES):
        pressed = threading.Timer(_PRESSED_AFTER_S, os.kill, (os.getpid(), signal.SIGINT))
        pressed.start()
        with pytest.raises(KeyboardInterrupt):
            _read_on(consumer)
    consumer.close()
    assert capfd.readouterr().err == ""


def _read_on(consumer: Consumer) -> NoReturn:
    while True:
        consumer.consume(500, 0.1)
