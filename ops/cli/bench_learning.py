"""`triage bench continual | labelling`: what learning again keeps, and which labels it needs.

They need no stack, only the development data.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

__all__ = ["register"]

console = Console(stderr=True)
_Data = Annotated[Path, typer.Option(envvar="TRIAGE_DATA", help="Folder of the development data.")]
_AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")]
_DEVELOPMENT_DATA = Path("../shared/data")


def register(bench: typer.Typer) -> None:
    """Add the commands."""
    bench.command()(continual)
    bench.command()(labelling)


def continual(
    as_json: _AsJson = False,
    full: Annotated[bool, typer.Option("--full", help="Every strategy, over three seeds: hours.")] = False,
    data: _Data = _DEVELOPMENT_DATA,
) -> None:
    """Twelve rounds of real data: the default strategy and naive fine-tuning beside joint retraining."""
    from trainer.continual.benchmark import run  # loads torch: only this command waits for it

    with _data_needed():
        document = run.measure(run.FULL if full else run.USUAL, data, console.print)
    if as_json:
        typer.echo(json.dumps(document))
    else:
        Console().print(_table(document))


def labelling(as_json: _AsJson = False, data: _Data = _DEVELOPMENT_DATA) -> None:
    """Labels needed to reach a macro-F1, by how messages are chosen; what pseudo-labels bring."""
    from trainer.active import benchmark  # the same
    from trainer.active.pseudo_trial import measure_pseudo_labels

    plan = benchmark.LabellingPlan()
    with _data_needed():
        tasks = benchmark.read_tasks(data)
        document = benchmark.measure(plan, tasks, console.print)
    document["pseudo_labels"] = measure_pseudo_labels(tasks, plan.seeds)
    if as_json:
        typer.echo(json.dumps(document))
    else:
        Console().print_json(data=document)


@contextmanager
def _data_needed() -> Iterator[None]:
    from trainer.data.errors import BadData

    try:
        with redirect_stdout(sys.stderr):  # progress bars; what is printed is the result alone
            yield
    except FileNotFoundError as error:
        console.print(f"{error.filename} is not there: --data names the development data", style="red")
        raise typer.Exit(1) from None
    except BadData as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from None


def _table(document: dict[str, Any]) -> Table:
    table = Table(
        "strategy", "average", "forgetting", "worst", "forward", "share of joint", "minutes a round",
        title="macro-F1 in points",
    )  # fmt: skip
    for summary in document.values():
        if isinstance(summary, dict) and "mean_forgetting" in summary:
            table.add_row(
                summary["name"],
                *(f"{summary[key]:.1f}" for key in ("average", "mean_forgetting", "worst_forgetting")),
                f"{summary['forward_transfer']:.1f}",
                f"{summary['share_of_joint_gain']:.3f}",
                f"{summary['minutes_per_round']:.2f}",
            )
    for name in ("trained heads", "class statistics"):
        table.add_row(f"joint, {name}", f"{document['joint'][name]['value']:.1f}")
    table.add_row("start", f"{document['start']['value']:.1f}")
    return table
