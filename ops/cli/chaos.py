"""`triage chaos run`: break a stack of its own under load, and judge what came out of it."""

import json
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from ops.cli.failures import reported
from ops.cli.stack import stack_config

if TYPE_CHECKING:
    from ops.chaos.checker import Verdict

__all__ = ["register"]

console = Console(stderr=True)
_SEED = 20261124
_EXCUSE = "(as conflicting, but the sender used one id for two contents while Redis was away)"
_SHOWN = (
    "accepted",
    "decided",
    "dead_lettered",
    "copies",
    "lost",
    "conflicting",
    "lost_reviews",
    "order_violations",
    "duplicated",
    "duplicate_rate",
    "dead_letters_of_valid_messages",
    "faults",
)

app = typer.Typer(
    help="The delivery proof: faults under load, and an independent check.", no_args_is_help=True
)


def register(parent: typer.Typer) -> None:
    """Add the command group."""
    parent.add_typer(app, name="chaos")


@app.callback()
def _group() -> None:
    """Keeps `run` a command of its own: typer would merge a group of one."""


@app.command()
def run(
    messages: Annotated[int, typer.Option(min=1, help="How many messages are sent.")] = 10_000,
    faults: Annotated[
        int, typer.Option(min=0, help="How many faults; each kind once before any repeats.")
    ] = 20,
    rate: Annotated[float, typer.Option(min=0.1, help="Messages a second.")] = 25.0,
    seed: Annotated[int, typer.Option(help="The same seed: the same messages, faults and targets.")] = _SEED,
    full: Annotated[
        bool, typer.Option("--full", help="100,000 messages and 100 faults, 40 a second.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    keep: Annotated[
        Path | None, typer.Option(help="Leave history, topics and logs in this new directory.")
    ] = None,
) -> None:
    """Run the whole stack under load and faults. Exits 1 where a message was lost or decided twice differently."""
    from ops.bench.machine import measured_on
    from ops.chaos.cluster import NotRecovered
    from ops.chaos.load import NotAccepted
    from ops.chaos.run import Plan
    from ops.chaos.run import run as run_chaos

    signal.signal(signal.SIGTERM, _interrupt)  # as Ctrl-C does: stop the stack, leave nothing behind
    plan = Plan(100_000, 100, 40.0, seed) if full else Plan(messages, faults, rate, seed)
    try:
        with reported(console), _folder(keep) as folder, console.status("") as line:
            verdict = run_chaos(stack_config(folder / "data"), plan, folder, line.update)
    except (NotRecovered, NotAccepted) as error:
        console.print(f"No verdict: {error}. With --keep DIR the logs stay.", style="red", soft_wrap=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps({**verdict.document(), "seed": seed, "measured_on": measured_on()}, indent=2))
    else:
        _print(verdict)
    raise typer.Exit(0 if verdict.passed else 1)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True)
        yield keep.absolute()
        return
    folder = Path(tempfile.mkdtemp(prefix="triage-chaos-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _print(verdict: "Verdict") -> None:
    document = verdict.document()
    out = Console()
    figures = Table(box=None, pad_edge=False, show_header=False)
    for name in _SHOWN:
        figures.add_row(name.replace("_", " "), str(document[name]))
        if name == "conflicting":
            figures.add_row("  and diverged", f"{document['diverged']} {_EXCUSE}")
    out.print(figures)
    out.print(_recovery_table(document["recovery_by_kind"], document["targets"]))
    if document["examples"]:
        out.print_json(data=document["examples"])
    out.print("passed" if verdict.passed else "FAILED", style="green" if verdict.passed else "bold red")


def _recovery_table(by_kind: dict[str, dict[str, Any]], targets: dict[str, dict[str, Any]]) -> Table:
    table = Table("fault", "times", "median s", "worst s", "soonest s", "aim s", box=None, pad_edge=False)
    for kind, row in by_kind.items():
        figures = [row[name] for name in ("faults", "median", "max", "soonest_max")]
        aim = targets.get(kind)
        told = "" if aim is None else f"{aim['aim_s']:g}{' (missed)' if aim['met'] is False else ''}"
        table.add_row(kind, *("-" if figure is None else str(figure) for figure in figures), told)
    return table
