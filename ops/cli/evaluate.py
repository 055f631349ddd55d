"""`triage evaluate`: judge a served version as a clinician would."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ops.cli.failures import needs_training
from ops.cli.stack import PROJECT_ROOT

__all__ = ["register"]

console = Console(stderr=True)
_SHIPPED = PROJECT_ROOT / "model_repo" / "triage_bert" / "1"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(evaluate)


def evaluate(
    model: Annotated[Path, typer.Option(help="A version's folder.")] = _SHIPPED,
    out: Annotated[Path, typer.Option(help="Where evaluation.json, report.html and report.md go.")] = Path(
        "evaluation"
    ),
    data: Annotated[
        Path | None,
        typer.Option(
            help="A dataset of `triage data import`: judge on its test split, instead of the built-in sources."
        ),
    ] = None,
    trained_on: Annotated[
        Path | None,
        typer.Option(help="The dataset that the version was trained on, where its folder doesn't tell."),
    ] = None,
    development_data: Annotated[
        Path, typer.Option(envvar="TRIAGE_DATA", help="Folder of the development data.")
    ] = Path("../shared/data"),
    quick: Annotated[bool, typer.Option("--quick", help="A quick look at few rows, within minutes.")] = False,
    only: Annotated[
        list[str] | None, typer.Option(help="A part of the report; as often as needed. Default: all.")
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="A Markdown document that the report goes into, too, where it is marked.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print evaluation.json too, for programs.")] = False,
    workers: Annotated[int, typer.Option(min=1, help="Threads that ask the model.")] = 2,
) -> None:
    """Judge a version: figures beside rivals, with intervals, as JSON, HTML and Markdown."""
    needs_training(console)
    # Loads torch and scikit-learn: only this command waits for them.
    from trainer import evaluation
    from trainer.data.errors import BadData

    budget = evaluation.QUICK if quick else evaluation.FULL
    if unknown := sorted(set(only or ()) - set(evaluation.PARTS)):
        raise typer.BadParameter(
            f"{', '.join(unknown)}; there are {', '.join(evaluation.PARTS)}", param_hint="--only"
        )
    try:
        version = evaluation.JudgedVersion(model, workers=workers)
        evidence = (
            evaluation.built_in(version.card, development_data)
            if data is None
            else evaluation.imported(version, data, trained_on=trained_on, development=development_data)
        )
    except (evaluation.NotAVersion, BadData) as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    for warning in (budget.words, *evidence.warnings):
        console.print(warning, style="yellow", markup=False)
    sections = []
    for section in evaluation.judge(version, evidence, budget, say=console.print, only=only):
        sections.append(section)
        # After each: whoever interrupts a long evaluation keeps what there is.
        evaluation.write(out, version, budget, evidence.warnings, sections)
    if into is not None:
        try:
            evaluation.write_into(into, version, budget, evidence.warnings, sections)
        except evaluation.NoPlace as error:
            console.print(str(error), style="red", markup=False, soft_wrap=True)
            raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(json.loads((out / "evaluation.json").read_bytes())))
    else:
        console.print(f"{out / 'report.html'} (also evaluation.json, report.md)", markup=False)
