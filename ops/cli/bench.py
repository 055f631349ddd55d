"""`triage bench express | stream`: measurements of this machine, on stacks of their own."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType
from typing import Annotated

import typer
from pydantic_core import to_jsonable_python
from rich.console import Console

from ops.cli.failures import reported

__all__ = ["register"]

console = Console(stderr=True)
_AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    bench = typer.Typer(help="Measure this machine, on a stack of its own.", no_args_is_help=True)
    bench.command()(express)
    bench.command()(stream)
    app.add_typer(bench, name="bench")


def express(
    as_json: _AsJson = False,
    full: Annotated[bool, typer.Option("--full", help="A backlog of 100,000 messages instead.")] = False,
    backlog: Annotated[int | None, typer.Option(min=1, help="Messages waiting on the standard lane.")] = None,
) -> None:
    """How long a red flag waits while the standard lane is hopelessly behind."""
    from ops.bench.express import (
        ExpressPlan,
        measure,
    )  # loads the corpus and its admission: only this command waits for them

    plan = ExpressPlan(backlog_messages=100_000) if full else ExpressPlan()
    if backlog is not None:
        plan = replace(plan, backlog_messages=backlog)
    with _measuring():
        _print(measure(plan, console.print).document(), as_json=as_json)


def stream(
    as_json: _AsJson = False,
    part: Annotated[
        list[str] | None, typer.Option(help="engine, scaling, model or memory; all of them by default.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each comparison.")] = 3,
    soak_s: Annotated[float, typer.Option(min=10.0, help="How long memory is watched.")] = 60.0,
) -> None:
    """Our streams beside other engines and beside the model server alone; scaling; memory."""
    from ops.bench.stream import PARTS, StreamPlan, measure  # the same

    parts = tuple(part or PARTS)
    if unknown := set(parts) - set(PARTS):
        raise typer.BadParameter(f"no such part: {', '.join(sorted(unknown))}")
    plan = StreamPlan(parts=parts, rounds=rounds, model_rounds=rounds, soak_s=soak_s)
    with _measuring():
        _print(measure(plan, console.print), as_json=as_json)


@contextmanager
def _measuring() -> Iterator[None]:
    """Report failures; end in order on SIGTERM too, so that nothing is left behind."""
    from ops.bench.processes import BenchmarkFailed

    previous = signal.signal(signal.SIGTERM, _interrupt)
    try:
        with reported(console):
            yield
    except BenchmarkFailed as failure:
        console.print(str(failure), style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    finally:
        signal.signal(signal.SIGTERM, previous)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _print(document: dict[str, object], *, as_json: bool) -> None:
    plain = to_jsonable_python(document)
    if as_json:
        typer.echo(json.dumps(plain))
    else:
        Console().print_json(data=plain)
