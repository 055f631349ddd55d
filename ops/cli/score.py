"""`triage score`: decide about a file of messages, with the code and the served model that the streams use."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.console import Console

from ops.cli.failures import reported
from ops.cli.message_file import format_hint, read_lines
from ops.cli.stack import find_stack, served_repository
from ops.local.blocking import running
from ops.local.config import StackConfig
from ops.local.errors import StackNotRunning
from ops.local.stack import Stack
from ops.quiet_kafka import quiet
from streams.domain.live_model import fold
from streams.errors import Unavailable

__all__ = ["register"]

console = Console(stderr=True)
_MODEL = "triage_bert"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(score)


def score(
    file: Annotated[str, typer.Argument(help="One PatientMessage as JSON a line; - reads standard input.")],
    out: Annotated[Path, typer.Option(help="Where to write one line of JSON for each message, in order.")],
) -> None:
    """Score a file of messages without sending them anywhere. A failure midway leaves the lines before it.

    Each result names the line of the file, counted from 1, on which its message begins.
    """
    # Loads the model's tokenizer and client: only this command waits for them.
    from ops.cli.scoring import score_rows

    messages = read_lines(file)
    if hint := format_hint(messages):
        console.print(hint, style="yellow", markup=False, highlight=False, soft_wrap=True)
    with reported(console), _opened(out) as results, _model_server() as (address, version):
        errors = asyncio.run(_write(score_rows(messages, address, version, console), results))
    console.print(f"{len(messages)} messages scored, {errors} of them with an error.")


async def _write(rows: AsyncIterator[dict[str, Any]], results: TextIO) -> int:
    """Write each row when it is there; return how many of them name an error."""
    errors = 0
    async for row in rows:
        results.write(json.dumps(row, ensure_ascii=False) + "\n")
        results.flush()
        errors += row["error"] is not None
    return errors


@contextmanager
def _opened(out: Path) -> Iterator[TextIO]:
    try:
        results = out.open("w", encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{out}: {error.strerror}", param_hint="--out") from None
    with results:
        yield results


@contextmanager
def _model_server() -> Iterator[tuple[str, str | None]]:
    """Yield the gRPC address of the running stack's Triton and the live version, or of one started for this command."""
    try:
        endpoints = find_stack().endpoints
        yield str(endpoints.triton_grpc), _live_version(str(endpoints.kafka))
        return
    except StackNotRunning:
        console.print("No stack is running: starting Triton for this command.")
    with tempfile.TemporaryDirectory(prefix="triage-score-") as directory:
        config = StackConfig(
            data_dir=Path(directory),
            servers=frozenset({"triton"}),
            model_repository=served_repository(),
        )
        with running(Stack(config)) as stack:
            yield str(stack.endpoints.triton_grpc), None


def _live_version(kafka: str) -> str | None:
    """The version that decides on the running stack; None: the one that the settings name."""
    from streams.adapters.model_log import ModelLog
    from streams.live_assessment import STEPS

    log = ModelLog(quiet({"bootstrap.servers": kafka}), _MODEL)
    try:
        state = fold(step for _, step in log.told())
    finally:
        log.close()
    if state.unreadable is not None:  # a newer release knows which one it is
        raise Unavailable(STEPS)
    return state.version
