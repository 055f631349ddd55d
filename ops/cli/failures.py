"""What can fail outside of this program ends a command with a line that says so, not with a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import typer
from confluent_kafka import KafkaError, KafkaException
from rich.console import Console

from ops.local.errors import StackError
from streams.errors import ConfigurationError, Unavailable

__all__ = ["needs_training", "reason_of", "reported"]

_KAFKA = "brokers"
"""What the streams call it in Unavailable."""
_UNREACHABLE = (
    KafkaError._TRANSPORT,
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TIMED_OUT,
    KafkaError._RESOLVE,
)

_TRAINING = ("torch", "peft", "pyarrow", "scipy", "sklearn")


def needs_training(console: Console) -> None:
    """Exit with status 1, saying what brings it, where the packages of the training environment are not installed."""
    if any(find_spec(package) is None for package in _TRAINING):
        console.print("This needs the training environment: `make dev` brings it.", style="red", markup=False)
        raise typer.Exit(1)


@contextmanager
def reported(console: Console) -> Iterator[None]:
    """Print a failure of the stack, of Kafka, of the model server or of the settings; exit with status 1.

    A part that could not be started shows the end of its log below the line.
    """
    try:
        yield
    except (StackError, KafkaException, Unavailable, ConfigurationError) as error:
        headline, _, details = reason_of(error).partition("\n")
        # No markup: a log may hold brackets. No wrapping: one line stays one.
        console.print(headline, style="red", markup=False, highlight=False, soft_wrap=True)
        if details:
            console.print(details, style="dim", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None


def reason_of(error: Exception) -> str:
    """Say in plain words what failed."""
    if isinstance(error, Unavailable):
        return f"{'Kafka' if error.service == _KAFKA else error.service} is away"
    cause = error.args[0] if isinstance(error, KafkaException) and error.args else None
    if not isinstance(cause, KafkaError):
        return str(error)
    return f"Kafka is away: {cause.str()}" if cause.code() in _UNREACHABLE else f"Kafka: {cause.str()}"
