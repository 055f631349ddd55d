"""The log of a worker: events as JSON lines, each with one level."""

import json
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog
from mode.utils.logging import redirect_stdouts

from streams.worker import _configure_logs


@pytest.fixture(autouse=True)
def _own_configuration() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_an_event_has_one_level_though_faust_logs_what_is_printed(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    _configure_logs()
    with redirect_stdouts(logging.getLogger("redirected"), severity=logging.WARNING):
        sys.stdout.write("printed\n")
        structlog.get_logger().info("model_version_serves", version="1")
    assert [record.message for record in caplog.records] == ["printed"]
    event = json.loads(capsys.readouterr().out)
    assert (event["event"], event["level"], event["version"]) == ("model_version_serves", "info", "1")
