"""What holds for the whole test run: the choice of the integration tests' servers, and its line in the summary."""

import os
import signal

import hypothesis
import pytest

from tests.integration.stack_choice import CHOSEN

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
hypothesis.settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("untimed")


STACKS = ("auto", "embedded", "containers")
STACK_VARIABLE = "TRIAGE_TEST_STACK"


def pytest_addoption(parser: pytest.Parser) -> None:
    default = os.environ.get(STACK_VARIABLE, "auto")
    if default not in STACKS:  # a default is not compared with the choices
        raise pytest.UsageError(f"{STACK_VARIABLE} is {default!r}, which is none of {', '.join(STACKS)}")
    parser.addoption(
        "--stack",
        choices=STACKS,
        default=default,
        help="Kafka and Redis of the integration tests: containers, embedded, or (auto) containers where Docker has "
        f"their images; {STACK_VARIABLE} says it for `make test`",
    )


def pytest_configure() -> None:
    # A run that is told to end, as CI does, ends as with Ctrl-C: it removes its containers and stops its stack.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    chosen = config.stash.get(CHOSEN, None)
    if chosen is not None:
        terminalreporter.write_line(f"integration stack: {chosen}")
