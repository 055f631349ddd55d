"""`triage models install | promote | rollback | retire | history | at`: which version decides, and since when."""

import getpass
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from ops.cli.connection import deployment
from ops.cli.failures import reported
from streams.settings import ModelServerSettings

if TYPE_CHECKING:
    from ops.release.release import Release
    from streams.adapters.model_log import RecordedStep

__all__ = ["AsJson", "By", "Version", "Why", "author", "document", "opened", "register"]

console = Console(stderr=True)

Version = Annotated[str, typer.Argument(help="Its number, or MODEL/NUMBER.")]
By = Annotated[str | None, typer.Option(help="Pseudonym of who decides; made of the user's name without it.")]
Why = Annotated[str, typer.Option(help="Why; recorded.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


def register(group: typer.Typer) -> None:
    """Add the commands to `triage models`."""
    group.command()(install)
    group.command()(promote)
    group.command()(rollback)
    group.command()(retire)
    group.command()(history)
    group.command("at")(at)


def install(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="A version's folder.")],
    by: By = None,
    why: Why = "installed by hand",
) -> None:
    """Copy a version into the served repository under the next number, and have it loaded. It doesn't decide yet."""
    from ops.release.release import Author

    with opened() as (release, _):
        version = release.install(folder, Author(author(by), why))
    typer.echo(f"version {version} is installed and ready; it does not decide yet")


def promote(
    version: Version,
    gate_report: Annotated[Path | None, typer.Option(help="gate.json of `triage models gate`.")] = None,
    without_gate: Annotated[
        str | None, typer.Option(metavar="REASON", help="Promote without a report; recorded.")
    ] = None,
    by: By = None,
    why: Why = "promoted by hand",
) -> None:
    """Let a version decide from now on. Workers go over to it between two chunks."""
    from ops.release.evidence import Permission, by_report
    from ops.release.release import Author

    if (gate_report is None) == (without_gate is None):
        raise typer.BadParameter("give --gate-report FILE, or --without-gate REASON")
    reason = None if without_gate is None else without_gate.strip()
    if reason == "":
        raise typer.BadParameter("say why", param_hint="--without-gate")

    def permission(candidate: Path, live: Path) -> Permission:
        if gate_report is None:
            return Permission(without_gate=reason)
        return by_report(gate_report, candidate, live)

    with opened() as (release, _):
        version = release.numbered(version)
        release.promote(version, Author(author(by), why), permission)
    typer.echo(f"version {version} is live")


def rollback(
    to: Annotated[str | None, typer.Option(help="Another version than the one before.")] = None,
    by: By = None,
    why: Why = "rolled back by hand",
) -> None:
    """Return to the version that was live before the last promotion."""
    from ops.release.release import Author

    with opened() as (release, _):
        live = release.roll_back(Author(author(by), why), to=release.numbered(to) if to else None)
    typer.echo(f"version {live} is live")


def retire(version: Version, by: By = None, why: Why = "retired by hand") -> None:
    """Take a version out of service: neither the live one nor the one to roll back to. Its files are kept."""
    from ops.release.release import Author

    with opened() as (release, _):
        version = release.numbered(version)
        release.retire(version, Author(author(by), why))
    typer.echo(f"version {version} is retired")


def history(as_json: AsJson = False) -> None:
    """Every step of every version, with who took it and why."""
    with opened() as (release, _):
        steps = release.steps()
    if as_json:
        typer.echo(json.dumps([document(recorded) for recorded in steps]))
        return
    table = Table("when", Column("version", no_wrap=True), "step", "before", "by", "why", "gate", box=None)
    for recorded in steps:
        step = recorded.step
        gate = (step.gate_report_sha256 or "")[:8] or (
            f"none: {step.without_gate}" if step.without_gate else ""
        )
        table.add_row(
            recorded.appended_at.isoformat(timespec="seconds"),
            step.version,
            step.step.value,
            step.previous_version or "",
            step.by,
            step.reason,
            gate,
        )
    Console().print(table)


def at(
    time: Annotated[
        str | None,
        typer.Argument(help="ISO 8601, such as 2026-11-20T09:15:00+01:00; without zone: UTC. Default: now."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Which version was live at a moment, or is now, since when and why."""
    from streams.domain.live_model import live_at

    moment = None if time is None else parsed(time)
    with opened() as (release, _):
        steps = release.steps()
        state = release.state() if moment is None else live_at(release.log.told(), moment)
        version = release.live_version(state)
    since = next(
        (r for r in steps if state.change is not None and r.step.event_id == state.change.event_id), None
    )
    if as_json:
        typer.echo(json.dumps({"version": version, "since": document(since) if since else None}))
        return
    typer.echo(f"version {version}")
    if since is None:
        typer.echo("nothing had been promoted: the version that the settings name")
    else:
        step = since.step
        typer.echo(f"{step.step.value} {since.appended_at.isoformat()} by {step.by}: {step.reason}")
        typer.echo(f"content sha256 {step.content_sha256}")


def parsed(time: str) -> datetime:
    """A moment; raises typer.BadParameter."""
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        raise typer.BadParameter(f"{time} is not a time in ISO 8601") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def document(recorded: "RecordedStep") -> dict[str, object]:
    """A step for programs."""
    return {
        "appended_at": recorded.appended_at.isoformat(),
        "offset": recorded.offset,
        **recorded.step.model_dump(mode="json"),
    }


def author(by: str | None) -> str:
    """The given pseudonym, or one that follows from the user's name."""
    return by or f"u-{hashlib.sha256(_user().encode()).hexdigest()[:12]}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # which of them depends on Python
        return str(os.getuid())  # a container's user may have no name


@contextmanager
def opened() -> Iterator["tuple[Release, ModelServerSettings]"]:
    """Yield releases and settings of the deployment that the environment names, else of the embedded stack."""
    from ops.release.errors import ReleaseRefused
    from ops.release.release import open_release

    with reported(console), deployment(console, ModelServerSettings) as settings:
        try:
            yield open_release(settings, told=lambda done: console.print(done, style="dim")), settings
        except ReleaseRefused as refused:
            console.print(str(refused), style="red", markup=False, highlight=False, soft_wrap=True)
            raise typer.Exit(1) from None
