"""`triage bench express | stream | methods | compress | continual | labelling`: measurements of this machine."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from pydantic_core import to_jsonable_python
from rich.console import Console

from ops.cli import bench_learning
from ops.cli.failures import reported

__all__ = ["register"]

console = Console(stderr=True)
_AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    bench = typer.Typer(help="Measure this machine, on a stack of its own.", no_args_is_help=True)
    bench.command()(express)
    bench.command()(stream)
    bench.command()(methods)
    bench.command()(compress)
    bench_learning.register(bench)
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


def methods(
    as_json: _AsJson = False,
    named: Annotated[
        str | None,
        typer.Option(
            "--methods", metavar="A,B", help="Presets of `triage train` (all by default) or YAML files."
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each method.")] = 3,
    data: Annotated[
        Path | None,
        typer.Option(help="A dataset's folder; otherwise the written corpus, and real sources unseen."),
    ] = None,
    real: Annotated[Path, typer.Option(envvar="TRIAGE_DATA", help="Folder of the real sources.")] = Path(
        "../shared/data"
    ),
    messages: Annotated[int, typer.Option(min=100, help="Written messages, where there is no --data.")] = 700,
    epochs: Annotated[int, typer.Option(min=1)] = 2,
    max_length: Annotated[int, typer.Option(min=16, max=512, help="Tokens of a window.")] = 64,
    per_class: Annotated[
        int | None,
        typer.Option(min=2, help="Train on so many rows of each diagnosis alone, drawn by the seed."),
    ] = None,
    members: Annotated[
        int, typer.Option(min=1, help="Also judge so many runs of each method as a soup and as an ensemble.")
    ] = 1,
    parallel: Annotated[int, typer.Option(min=1, help="Runs at a time.")] = 1,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.md", help="Put the tables into this document.")
    ] = None,
    place: Annotated[
        str, typer.Option(metavar="NAME", help="Where in it: between the marks of this name.")
    ] = "",
) -> None:
    """Every way of fine-tuning on the same rows and epochs: quality, parameters, time, memory."""
    # torch takes seconds to load: only this command waits for it
    from ops.bench.method_table import markdown, replace_table
    from ops.bench.methods import MethodsPlan, measure
    from trainer.data.errors import BadData
    from trainer.tuning.reading import ConfigInvalid

    chosen = tuple(part.strip() for part in (named or "").split(",") if part.strip())
    plan = MethodsPlan(
        methods=chosen,
        seeds=seeds,
        data=data,
        messages=messages,
        real=real,
        epochs=epochs,
        max_length=max_length,
        per_class=per_class,
        members=members,
        parallel=parallel,
    )
    try:
        with _measuring():
            comparison = measure(plan, console.print)
    except (BadData, ConfigInvalid) as error:
        console.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    if out is not None:
        replace_table(out, markdown(comparison), place=place)
    if as_json:
        typer.echo(json.dumps(to_jsonable_python(comparison)))
    else:
        typer.echo(markdown(comparison))


def compress(
    run: Annotated[Path, typer.Argument(help="The finished run's folder.")],
    compressed: Annotated[
        Path | None, typer.Option(help="What `triage compress` made of it; otherwise `compressed` in it.")
    ] = None,
    as_json: _AsJson = False,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each comparison.")] = 3,
    rows: Annotated[int, typer.Option(min=10, help="Held-out rows, at most.")] = 1000,
    unseen: Annotated[
        Path | None, typer.Option(help="A dataset of a source that the run never saw: quality there, too.")
    ] = None,
) -> None:
    """Quality against speed and size of a run's compressed versions, through Triton, beside the classic loop."""
    from ops.bench.compress import CompressPlan, measure, table  # loads torch
    from trainer.compress.record import NotCompressed
    from trainer.compress.subject import NotCompressible
    from trainer.data.errors import BadData
    from trainer.runs import NotARun

    plan = CompressPlan(unseen=unseen, rounds=rounds, rows=rows)
    with _measuring():
        try:
            document = measure(run, compressed or run / "compressed", plan, console.print)
        except (NotCompressed, NotCompressible, NotARun, BadData) as error:
            console.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
            raise typer.Exit(1) from None
    if as_json:
        _print(document, as_json=True)
    else:
        Console(width=200).print(table(document))


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
    from ops.bench.machine import measured_on

    plain = to_jsonable_python({**document, "measured_on": measured_on()})
    if as_json:
        typer.echo(json.dumps(plain))
    else:
        Console().print_json(data=plain)
