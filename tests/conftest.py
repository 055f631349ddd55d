"""What holds for the whole test run: the choice of the integration tests' servers, and its line in the summary."""

import os
import signal

import hypothesis
import pytest

from tests.integration.stack_choice import CHOSEN

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
hypothesis.settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--stack",
        choices=("auto", "embedded", "containers"),
        default="auto",
        help="Kafka and Redis of the integration tests: containers, embedded, or (auto) containers where Docker has "
        "their images",
    )


def pytest_configure() -> None:
    # A run that is told to end, as CI does, ends as with Ctrl-C: it removes its containers and stops its stack.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    chosen = config.stash.get(CHOSEN, None)
    if chosen is not None:
        terminalreporter.write_line(f"integration stack: {chosen}")
