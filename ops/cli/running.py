"""A stack to work with: the one that runs, or one started for this command."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from ops.cli.stack import find_stack, open_stack
from ops.local.config import default_data_dir
from ops.local.errors import StackNotRunning
from ops.local.progress import ProgressBars
from ops.local.stack import Endpoints, Stack
from ops.local.state import PartState, StackStatus

__all__ = ["running_stack", "start", "stop"]


@contextmanager
def running_stack(
    console: Console, data_dir: Path | None = None, *, fresh: bool = False
) -> Iterator[Endpoints]:
    """Yield the addresses of the running stack; one that had to be started is stopped at the end."""
    try:
        endpoints = find_stack(data_dir).endpoints
    except StackNotRunning:
        stack = open_stack(data_dir)
        if data_dir is None:  # who names a folder asked for a stack of its own
            console.print(
                f"No stack is running in {default_data_dir()}: one is started for this command and stopped after it "
                "(`triage up --detach` keeps one).",
                soft_wrap=True,
                markup=False,
            )
        start(stack, console, fresh=fresh)
        try:
            yield stack.endpoints
        finally:
            with console.status("Stopping the stack"):
                stop(stack)
    else:
        yield endpoints


def start(stack: Stack, console: Console, *, fresh: bool = False, detached: bool = False) -> StackStatus:
    """Prepare and start a stack, showing what is being waited for."""
    asyncio.run(stack.prepare(ProgressBars(console)))
    with console.status("Starting Kafka, Redis, Triton and the workers") as line:

        def show(status: StackStatus) -> None:
            waiting = [name for name, part in status.parts.items() if part.state is not PartState.READY]
            if waiting:
                line.update(f"Starting: waiting for {', '.join(waiting)}")

        status = asyncio.run(stack.start(fresh=fresh, detached=detached, on_status=show))
    console.print(f"Stack ready in {status.ready_after_s:.1f} s.")
    return status


def stop(stack: Stack) -> None:
    """Stop a stack; nothing of it is left running."""
    asyncio.run(stack.stop())
