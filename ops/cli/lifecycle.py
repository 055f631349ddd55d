"""`triage up | down | status`."""

import json
import signal
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ops.cli.failures import reported
from ops.cli.running import start, stop
from ops.cli.stack import find_stack, open_stack
from ops.local.config import default_data_dir
from ops.local.errors import StackNotRunning
from ops.local.state import StackStatus

__all__ = ["register"]

console = Console(stderr=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(up)
    app.command()(down)
    app.command()(status)


def up(
    detach: Annotated[bool, typer.Option(help="Leave the stack running in the background.")] = False,
    fresh: Annotated[bool, typer.Option(help="Delete the data of earlier runs first.")] = False,
) -> None:
    """Start the embedded stack: Kafka, Redis, Triton and the workers."""
    with reported(console):
        stack = open_stack()
        console.print(_table(start(stack, console, fresh=fresh, detached=detach)))
        if detach:
            return
        console.print("Ctrl-C stops it.")
        try:
            signal.sigwait({signal.SIGINT, signal.SIGTERM})
        finally:
            stop(stack)


def down() -> None:
    """Stop the stack. Its data stay."""
    try:
        stop(find_stack())
    except StackNotRunning:
        _say_where("No stack is running in")
    else:
        console.print("Stack stopped; its data stay.")


def status(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Name each part of the stack, its state, address and process. Exits 1 where it is not ready."""
    found = find_stack().status()
    if as_json:
        typer.echo(json.dumps(_document(found), indent=2))
    elif found is None:
        _say_where("No stack was ever started in")
    else:
        Console().print(_table(found))
    raise typer.Exit(0 if found is not None and found.is_ready else 1)


def _say_where(what: str) -> None:
    """The folder depends on the working directory: who asks from another one should see why there is nothing."""
    console.print(
        f"{what} {default_data_dir()} (TRIAGE_DATA_DIR names another).", soft_wrap=True, markup=False
    )


def _document(found: StackStatus | None) -> dict[str, object]:
    parts = found.parts if found else {}
    return {
        "state": found.state.value if found else "stopped",
        "ready_after_s": found.ready_after_s if found else None,
        "parts": {
            name: {
                "state": part.state.value,
                "address": part.address,
                "pid": part.process.pid if part.process else None,
                "restarts": part.restarts,
                "log": str(part.log_path),
            }
            for name, part in parts.items()
        },
    }


def _table(found: StackStatus) -> Table:
    table = Table("part", "state", "address", "pid", "restarts", box=None, pad_edge=False)
    for name, part in found.parts.items():
        pid = str(part.process.pid) if part.process else ""
        table.add_row(name, part.state.value, part.address or "", pid, str(part.restarts))
    return table
