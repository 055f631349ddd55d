"""`triage score`: decide about a file of messages, with the code and the served model that the streams use."""

import asyncio
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ops.cli.kafka import lines
from ops.cli.stack import PROJECT_ROOT, open_stack
from ops.local.blocking import running
from ops.local.config import StackConfig
from ops.local.errors import StackNotRunning
from ops.local.stack import Stack

__all__ = ["register"]

console = Console(stderr=True)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(score)


def score(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="One PatientMessage as JSON a line.")
    ],
    out: Annotated[Path, typer.Option(help="Where to write one line of JSON for each message, in order.")],
) -> None:
    """Score a file of messages without sending them anywhere."""
    from ops.cli.scoring import (
        score_all,
    )  # loads the model's tokenizer and client: only this command waits for them

    with file.open("rb") as stream:
        payloads = list(lines(stream))
    with _model_server() as address:
        results = asyncio.run(score_all(payloads, address, console))
    out.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in results), encoding="utf-8")
    errors = sum(row["error"] is not None for row in results)
    console.print(f"{len(results)} messages scored, {errors} of them with an error.")


@contextmanager
def _model_server() -> Iterator[str]:
    """Yield the gRPC address of the running stack's Triton, or of one started for this command alone."""
    try:
        yield str(open_stack().endpoints.triton_grpc)
        return
    except StackNotRunning:
        console.print("No stack is running: starting Triton for this command.")
    with tempfile.TemporaryDirectory(prefix="triage-score-") as directory:
        config = StackConfig(
            data_dir=Path(directory),
            servers=frozenset({"triton"}),
            model_repository=PROJECT_ROOT / "model_repo",
        )
        with running(Stack(config)) as stack:
            yield str(stack.endpoints.triton_grpc)
