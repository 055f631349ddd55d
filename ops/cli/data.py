"""`triage data`: labelled messages become a dataset to train on and to judge by."""

from pathlib import Path
from typing import Annotated

import typer

from ops.cli.data_import import imports
from ops.cli.datasets import Calibration, Out, Seed, Test, console, keep, shares_of, told, write_out
from ops.cli.failures import needs_training
from ops.cli.paraphrase import paraphrase

__all__ = ["register"]

commands = typer.Typer(no_args_is_help=True)
commands.command()(paraphrase)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    commands.add_typer(imports, name="import")
    app.add_typer(commands, name="data")


@commands.callback()
def needs_training_environment() -> None:
    """Datasets: typed, hashed, split by near-duplicates."""
    needs_training(console)


@commands.command("merge")
def merge(
    datasets: list[Path],
    out: Out,
    hold_out: Annotated[
        list[str] | None,
        typer.Option(help="A source all of whose rows are for the test; as often as needed."),
    ] = None,
    seed: Seed = 3,
    calibration: Calibration = 0.15,
    test: Test = 0.20,
) -> None:
    """Put datasets together, and split anew. What was held out whole stays so."""
    from trainer.data import importing
    from trainer.data.dataset import read_dataset

    with told():
        parts = [read_dataset(folder) for folder in datasets]
        shares = shares_of(calibration, test)
        keep(importing.merge(parts, shares=shares, hold_out=hold_out or (), seed=seed), out)


@commands.command("show")
def show(
    folder: Path, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False
) -> None:
    """What a dataset holds. Checks its hash."""
    from trainer.data.dataset import read_dataset

    with told():
        dataset = read_dataset(folder)
        if as_json:
            typer.echo(dataset.manifest.model_dump_json())
        else:
            write_out(dataset)


@commands.command("check")
def check(
    folder: Path, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False
) -> None:
    """Look for what a model could learn instead of medicine. Exits 1 where something has to be mended."""
    from pydantic import TypeAdapter

    from trainer.data.dataset import read_dataset
    from trainer.data.labels import told_empty
    from trainer.data.leaks import LeakReport, find_leaks, told_leaks

    with told():
        dataset = read_dataset(folder)
        report = find_leaks(dataset)
    if as_json:
        typer.echo(TypeAdapter(LeakReport).dump_json(report).decode())
    else:
        for told_leak in told_leaks(report):
            console.print(told_leak, style="red" if told_leak in report.failures else None, markup=False)
        for lacking in told_empty(dataset.splits):
            console.print(lacking, style="yellow", markup=False, highlight=False, soft_wrap=True)
        console.print("something to mend" if report.failures else "no leak found")
    raise typer.Exit(1 if report.failures else 0)
