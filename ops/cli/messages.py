"""`triage send | watch`."""

from collections import deque
from contextlib import suppress
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.live import Live

from ops.cli.failures import reported
from ops.cli.kafka import Follower, Sender
from ops.cli.message_file import format_hint, read_lines
from ops.cli.play import Playback, Row
from ops.cli.running import running_stack
from ops.cli.tables import case_json, live_table

__all__ = ["register"]

console = Console(stderr=True)
_SHOWN_ROWS = 20


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(send)
    app.command()(watch)


def send(
    file: Annotated[str, typer.Argument(help="One PatientMessage as JSON a line; - reads standard input.")],
    interval_s: Annotated[float, typer.Option(help="Time between two messages.")] = 0.0,
    wait: Annotated[bool, typer.Option(help="Wait for every decision and print a summary.")] = True,
    timeout_s: Annotated[float, typer.Option(help="How long to wait for the last decision.")] = 300.0,
) -> None:
    """Publish messages, and say what became of them. Exits 1 where one has no outcome, or two.

    A dead letter is an outcome: a file of which every message became one still exits 0. `triage deadletters list` tells
    which and why.
    """
    lines = read_lines(file)
    if hint := format_hint(lines):
        console.print(hint, style="yellow", markup=False, highlight=False, soft_wrap=True)
    messages = [line.payload for line in lines]
    with reported(console), running_stack(console) as endpoints:
        bootstrap = str(endpoints.kafka)
        playback = Playback(Sender(bootstrap), Follower(bootstrap, from_start=False), on_row=_ignore)
        playback.play(messages, interval_s=interval_s)
        if not wait:
            typer.echo(f"{len(messages)} messages sent")
            return
        with console.status("Waiting for the decisions"):
            summary = playback.wait(timeout_s)
        playback.follower.close()
    Console().print(summary.table())
    raise typer.Exit(0 if summary.complete else 1)


def watch(
    as_json: Annotated[bool, typer.Option("--json", help="One line a case, for programs.")] = False,
    from_start: Annotated[bool, typer.Option(help="Begin with the oldest event.")] = False,
) -> None:
    """Follow decisions and dead letters live, until Ctrl-C.

    A line says when the broker goes away, and one when it is back.
    """
    with reported(console), running_stack(console) as endpoints, suppress(KeyboardInterrupt):
        (_watch_lines if as_json else _watch_table)(str(endpoints.kafka), from_start)


def _watch_lines(bootstrap: str, from_start: bool) -> NoReturn:
    follower = Follower(bootstrap, from_start=from_start, told=console.print)
    playback = Playback(Sender(bootstrap), follower, on_row=lambda row: typer.echo(case_json(row)))
    told = 0
    while True:
        playback.follow(1.0)
        unreadable = playback.book.unreadable.total()
        if unreadable > told:
            console.print(f"{unreadable} records could not be read")
            told = unreadable


def _watch_table(bootstrap: str, from_start: bool) -> NoReturn:
    rows: deque[Row] = deque(maxlen=_SHOWN_ROWS)
    with Live(console=Console(), auto_refresh=False) as live:
        follower = Follower(bootstrap, from_start=from_start, told=live.console.print)  # above the table
        playback = Playback(Sender(bootstrap), follower, on_row=rows.append)
        while True:
            playback.follow(0.25)
            live.update(live_table(rows, unreadable=playback.book.unreadable.total()), refresh=True)


def _ignore(_: Row) -> None:
    return
