"""`triage deadletters list | show | replay | discard`."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Annotated, Literal, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from ops.cli.connection import connection
from ops.cli.failures import reported
from ops.cli.letter_box import Filter, LetterBox, NotKept, OpenLetter
from schemas import DeadLetter, DeadLetterReason
from streams.adapters.cipher import FernetCipher
from streams.errors import ConfigurationError

__all__ = ["register"]

console = Console(stderr=True)
_SHOWN = {
    "event_id",
    "reason",
    "path",
    "origin",
    "message_id",
    "source",
    "ce_type",
    "occurred_at",
    "payload_bytes",
}


def _reason(name: str) -> DeadLetterReason:
    """Read the option; its help would be the whole list otherwise. Raises BadParameter, which names all."""
    try:
        return DeadLetterReason(name)
    except ValueError:
        raise typer.BadParameter(f"{name!r} is none of {', '.join(DeadLetterReason)}") from None


Ids = Annotated[
    list[str] | None, typer.Argument(help="Beginnings of event ids; none: all that the options admit.")
]
Reason = Annotated[
    DeadLetterReason | None,
    typer.Option(
        parser=_reason,
        metavar="REASON",
        help="Only letters with this reason, text_empty for one; another word lists all reasons.",
    ),
]
Source = Annotated[str | None, typer.Option(help="Only letters of this sender, where it is known.")]
Since = Annotated[datetime | None, typer.Option(help="Only letters written at or after this time (UTC).")]
Yes = Annotated[bool, typer.Option("--yes", help="Don't ask.")]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(no_args_is_help=True, help="Work the dead letters: messages that were not decided.")
    group.command("list")(list_letters)
    group.command()(show)
    group.command()(replay)
    group.command()(discard)
    app.add_typer(group, name="deadletters")


def list_letters(
    ids: Ids = None,
    reason: Reason = None,
    source: Source = None,
    since: Since = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line a letter, for programs.")] = False,
) -> None:
    """List the open letters, oldest first.

    Of the deployment that TRIAGE_KAFKA_BOOTSTRAP names, else of the embedded stack; where none runs, one is started
    for this command alone.
    """
    with _box() as (box, _):
        letters = _find(box, ids, reason, source, since)
    if as_json:
        for each in letters:
            typer.echo(_as_json(each.letter))
        return
    table = Table(box=None, pad_edge=False)
    for name in ("id", "time", "reason", "field", "message", "source", "bytes"):
        whole = name in ("id", "time", "bytes")  # the others go on in the next line, and are never cut
        justify: Literal["left", "right"] = "right" if name == "bytes" else "left"
        table.add_column(name, justify=justify, no_wrap=whole, overflow="fold")
    for each in letters:
        letter = each.letter
        table.add_row(
            str(letter.event_id)[:8],
            f"{letter.occurred_at:%Y-%m-%d %H:%M:%S}",
            letter.reason,
            letter.path,
            letter.message_id or "",
            letter.source or "",
            str(letter.payload_bytes),
        )
    table.caption, table.caption_justify = _counted(letters), "left"
    Console().print(table)


def show(
    event_id: Annotated[str, typer.Argument(help="The beginning of one event id.")],
    payload: Annotated[
        bool, typer.Option("--payload", help="Write the decrypted payload, patient data, to standard output.")
    ] = False,
) -> None:
    """Show one letter, without its payload unless asked for."""
    with _box() as (box, cipher):
        opened = _one(_find(box, [event_id], None, None, None), event_id)
        if not payload:
            typer.echo(_as_json(opened.letter))
            return
        try:
            sys.stdout.buffer.write(cipher.decrypt(box.sealed_payload(opened)))
        except NotKept:
            _fail("this letter holds no payload")


def replay(
    ids: Ids = None, reason: Reason = None, source: Source = None, since: Since = None, yes: Yes = False
) -> None:
    """Send messages again where they came from, and close their letters. Exits 1 where one could not be sent.

    Replaying twice decides once: a message keeps its id. One that is still at fault gets a new letter.
    """
    with _box() as (box, cipher):
        letters = _find(box, ids, reason, source, since)
        _confirm("Replay", letters, yes)
        stays_open = Counter(why for each in letters if (why := _send_again(box, cipher, each)))
    console.print(f"{len(letters) - stays_open.total()} replayed")
    for why, count in stays_open.items():
        console.print(f"{count} stay open: {why}", markup=False)
    raise typer.Exit(1 if stays_open else 0)


def discard(
    ids: Ids = None, reason: Reason = None, source: Source = None, since: Since = None, yes: Yes = False
) -> None:
    """Close letters without sending their messages again. The records stay for the topic's retention."""
    with _box() as (box, _):
        letters = _find(box, ids, reason, source, since)
        _confirm("Discard", letters, yes)
        for each in letters:
            box.close_letter(each.letter)
    console.print(f"{len(letters)} discarded")


def _send_again(box: LetterBox, cipher: FernetCipher, opened: OpenLetter) -> str:
    """Return why the letter stays open; empty where it was sent."""
    if opened.letter.reason is DeadLetterReason.UNSUPPORTED_VERSION and opened.letter.ce_type is None:
        return "declared a type that the letter does not keep, so a copy would be read as another"
    try:
        payload = cipher.decrypt(box.sealed_payload(opened))
    except NotKept:
        return "holds no payload"
    except ConfigurationError as error:
        return str(error)
    box.send_again(opened.letter, payload)
    box.close_letter(opened.letter)
    return ""


@contextmanager
def _box() -> Iterator[tuple[LetterBox, FernetCipher]]:
    with reported(console), connection(console) as found, closing(LetterBox(found.kafka)) as box:
        yield box, FernetCipher(found.payload_keys)
        if box.unreadable:
            console.print(f"{box.unreadable} records of the topic are no dead letters")


def _find(
    box: LetterBox,
    ids: list[str] | None,
    reason: DeadLetterReason | None,
    source: str | None,
    since: datetime | None,
) -> list[OpenLetter]:
    moment = since.replace(tzinfo=UTC) if since else None
    return box.open_letters(Filter(tuple(ids or ()), reason, source, moment))


def _one(letters: list[OpenLetter], event_id: str) -> OpenLetter:
    if not letters:
        _fail(f"no open letter has an id that begins with {event_id!r}: `triage deadletters list` shows them")
    if len(letters) > 1:
        _fail(f"{len(letters)} open letters have an id that begins with {event_id!r}: write more of it")
    return letters[0]


def _confirm(action: str, letters: list[OpenLetter], yes: bool) -> None:
    if not letters:
        console.print(f"No open letter matches, so there is none to {action.lower()}.")
        raise typer.Exit
    if not yes:
        typer.confirm(f"{action} {_counted(letters)}?", abort=True)


def _counted(letters: list[OpenLetter]) -> str:
    return f"{len(letters)} open letter{'' if len(letters) == 1 else 's'}"


def _as_json(letter: DeadLetter) -> str:
    return letter.model_dump_json(include=_SHOWN)


def _fail(reason: str) -> NoReturn:
    console.print(reason, style="red", markup=False, soft_wrap=True)
    raise typer.Exit(1)
