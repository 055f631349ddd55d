"""`triage send | watch`."""

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.live import Live

from ops.cli.cases import Case
from ops.cli.connection import deployment
from ops.cli.earlier import decided_before
from ops.cli.failures import reported
from ops.cli.kafka import Follower, Sender
from ops.cli.message_file import format_hint, read_lines
from ops.cli.outcomes import Identity, SentMessage
from ops.cli.play import Playback, Row
from ops.cli.sent_rows import row_json, sent_table
from ops.cli.tables import case_json, live_table
from ops.quiet_kafka import quiet
from streams.adapters.kafka_reader import KafkaReader
from streams.kafka_security import librdkafka_config
from streams.settings import KafkaSettings

__all__ = ["register"]

console = Console(stderr=True)
_SHOWN_ROWS = 20
_FOR_REVIEWS_S = 0.5


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(send)
    app.command()(watch)


def send(
    file: Annotated[
        str, typer.Argument(help="A PatientMessage as JSON, or one a line; - reads standard input.")
    ],
    interval_s: Annotated[float, typer.Option(min=0, help="Time between two messages.")] = 0.0,
    wait: Annotated[bool, typer.Option(help="Wait for every decision and print a summary.")] = True,
    timeout_s: Annotated[float, typer.Option(min=0, help="How long to wait for the last decision.")] = 300.0,
    as_json: Annotated[bool, typer.Option("--json", help="One object a message, for programs.")] = False,
) -> None:
    """Publish messages, and say what became of each. Exits 1 where one has no outcome, or two.

    They go to the deployment that TRIAGE_KAFKA_BOOTSTRAP names, else to the embedded stack; where none runs, one is
    started for this command alone.

    A message of which the same id and content was decided before is `decided earlier`, with that decision: sending it
    again changes nothing. A `copy` is the same as a message before it in the file, and shares its decision. A dead
    letter is an outcome: a file of which every message became one still exits 0. `triage deadletters list` tells which
    and why.

    `--json` writes one line for each message, in the order of the file: number (from 1), message_id and source (null
    where they cannot be read), outcome ("decided", "decided earlier", "copy", "dead letter" or "no outcome"),
    decided_at, diagnosis and urgency (the events' own fields, or null), review_reasons, latency_ms (null unless it was
    decided now) and dead_letter (reason and path, or null). It writes no summary.
    """
    if as_json and not wait:
        raise typer.BadParameter(
            "it tells what became of messages, which --no-wait does not ask for", param_hint="--json"
        )
    lines = read_lines(file)
    if not lines:
        raise typer.BadParameter(f"{file}: there is no message in it")
    if hint := format_hint(lines):
        console.print(hint, style="yellow", markup=False, highlight=False, soft_wrap=True)
    messages = [line.payload for line in lines]
    with reported(console), _brokers() as kafka:
        playback = Playback(Sender(kafka), Follower(kafka, from_start=False), on_row=_ignore)
        if wait:
            playback.earlier = _decided_before(kafka, messages)
        playback.play(messages, interval_s=interval_s)
        if not wait:
            typer.echo(f"{len(messages)} messages sent")
            return
        with console.status("Waiting for the decisions"):
            summary = playback.wait(timeout_s)
        playback.follower.close()
    if as_json:
        for row in playback.rows():
            typer.echo(row_json(row))
    else:
        Console().print(sent_table(playback.rows()), "", summary.table(), sep="\n")
    raise typer.Exit(0 if summary.complete else 1)


def _decided_before(kafka: Mapping[str, object], payloads: list[bytes]) -> dict[Identity, Case]:
    identities = {SentMessage.of(0, payload).identity for payload in payloads}
    with (
        console.status("Looking for earlier decisions"),
        closing(KafkaReader(quiet(kafka))) as reader,
    ):
        return decided_before(reader, {identity for identity in identities if identity is not None})


def watch(
    as_json: Annotated[bool, typer.Option("--json", help="One line a case, for programs.")] = False,
    from_start: Annotated[bool, typer.Option(help="Begin with what the topics still hold.")] = False,
) -> None:
    """Follow decisions and dead letters live, until Ctrl-C.

    Of the deployment that TRIAGE_KAFKA_BOOTSTRAP names, else of the embedded stack; where none runs, one is started
    for this command alone. A line says when the broker goes away, and one when it is back. Cases come as they are read:
    with --from-start, those of one partition are in order.
    """
    with reported(console), _brokers() as kafka, suppress(KeyboardInterrupt):
        if as_json or not Console().is_terminal:
            _watch_lines(kafka, from_start, as_json=as_json)
        _watch_table(kafka, from_start)


def _watch_lines(kafka: Mapping[str, object], from_start: bool, *, as_json: bool) -> NoReturn:
    """Write each case once: a table that is drawn over and over belongs on a terminal.

    A line waits a moment, as the case's request for review may come behind its decisions.
    """
    follower = Follower(kafka, from_start=from_start, told=console.print)
    out, new, told = Console(), list[Row](), 0
    playback = Playback(Sender(kafka), follower, on_row=new.append)

    def write(rows: list[Row]) -> None:
        for row in rows:
            typer.echo(case_json(row)) if as_json else out.print(live_table([row], head=False))

    if not as_json:
        out.print(live_table([]))
    try:
        while True:
            waited = new.copy()
            new.clear()
            playback.follow(_FOR_REVIEWS_S)
            write(waited)
            unreadable = playback.book.unreadable.total()
            if unreadable > told:
                console.print(f"{unreadable} records could not be read")
                told = unreadable
    finally:
        write(new)


def _watch_table(kafka: Mapping[str, object], from_start: bool) -> NoReturn:
    rows: deque[Row] = deque(maxlen=_SHOWN_ROWS)
    with Live(console=Console(), auto_refresh=False) as live:
        follower = Follower(kafka, from_start=from_start, told=live.console.print)  # above the table
        playback = Playback(Sender(kafka), follower, on_row=rows.append)
        while True:
            playback.follow(0.25)
            live.update(live_table(rows, unreadable=playback.book.unreadable.total()), refresh=True)


@contextmanager
def _brokers() -> Iterator[Mapping[str, object]]:
    """Yield librdkafka settings: of the deployment that the environment names, else of the embedded stack."""
    with deployment(console, KafkaSettings) as settings:
        yield librdkafka_config(settings)


def _ignore(_: Row) -> None:
    return
