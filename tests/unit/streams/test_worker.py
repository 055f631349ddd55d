"""The log of a worker: events as JSON lines, each with one level."""

import json
import subprocess
import sys

_LOGS = """
import logging
import structlog
from mode.utils.logging import redirect_stdouts
from streams.worker import _configure_logs

logging.basicConfig(format="[%(levelname)s] %(message)s")
_configure_logs()
with redirect_stdouts(logging.getLogger("redirected"), severity=logging.WARNING):
    print("printed")
    structlog.get_logger().info("model_version_serves", version="1")
"""


def test_an_event_has_one_level_though_faust_logs_what_is_printed() -> None:
    """In a process of its own: a test's standard output is not the one that structlog knows from its import."""
    done = subprocess.run([sys.executable, "-c", _LOGS], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[WARNING] printed"
    event = json.loads(done.stdout)
    assert (event["event"], event["level"], event["version"]) == ("model_version_serves", "info", "1")
