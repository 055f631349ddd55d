"""An outage of the brokers does not fill the logs."""

import logging

import pytest

from streams.engine import App, log_limit
from streams.engine.log_limit import CLIENT_LOGGERS, LogLimit


def record(level: int, template: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord("aiokafka.client", level, "", 0, template, args, None)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now_s = [0.0]
    monkeypatch.setattr(log_limit, "monotonic", lambda: now_s[0])
    return now_s


def test_a_repeated_error_is_let_through_once_a_period(clock: list[float]) -> None:
    limit = LogLimit()
    errors = [record(logging.ERROR, "Unable connect to node %s", node) for node in range(3)]
    assert [limit.filter(error) for error in errors] == [True, False, False]
    clock[0] += log_limit.PERIOD_S
    assert limit.filter(errors[0])


def test_other_messages_are_not_held_back_by_it(clock: list[float]) -> None:
    limit = LogLimit()
    assert limit.filter(record(logging.ERROR, "one"))
    assert limit.filter(record(logging.ERROR, "other"))
    assert limit.filter(record(logging.WARNING, "one"))


def test_messages_below_warning_are_not_limited(clock: list[float]) -> None:
    limit = LogLimit()
    assert all(limit.filter(record(logging.INFO, "joined")) for _ in range(3))


async def test_an_app_limits_each_client_logger_once(app: App) -> None:
    log_limit.limit_client_logs()
    for name in CLIENT_LOGGERS:
        assert sum(isinstance(present, LogLimit) for present in logging.getLogger(name).filters) == 1
