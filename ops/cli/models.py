"""`triage models`: what was trained, from what, with which figures."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from ops.cli import models_gate, models_release, models_watch
from ops.cli.models_roles import recorded_roles
from ops.cli.stack import PROJECT_ROOT

if TYPE_CHECKING:
    from trainer.registry import Difference, Entry

__all__ = ["register"]

console = Console()
commands = typer.Typer(help="Training runs and served versions, and which one decides.", no_args_is_help=True)

Runs = Annotated[Path, typer.Option(help="Folder of the training runs.")]
Repository = Annotated[
    Path, typer.Option(envvar="TRIAGE_MODEL_REPOSITORY", help="Triton's model repository.")
]
Name = Annotated[str, typer.Argument(help="A run's name, or a version's: MODEL/NUMBER, or the number.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
_RUNS, _REPOSITORY = Path("runs"), PROJECT_ROOT / "model_repo"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    models_gate.register(commands)
    models_release.register(commands)
    models_watch.register(commands)
    app.add_typer(commands, name="models")


@commands.command("list")
def list_models(runs: Runs = _RUNS, model_repo: Repository = _REPOSITORY, as_json: AsJson = False) -> None:
    """Every version and run, which version decides, and its lowest figures of any test set (`show` has all)."""
    from trainer.registry import entries

    with _told():
        found = entries(runs, model_repo)
    roles = recorded_roles([entry.name for entry in found if entry.kind == "version"], model_repo)
    if as_json:
        typer.echo(json.dumps([_document(one) | {"state": roles.by_name.get(one.name)} for one in found]))
        return
    lowest = ("lowest macro-F1", "lowest QWK")
    # narrow terminals break the other columns: a name is what the next command is given
    table = Table(_whole("name"), "state", "method", "seed", "data", "minutes", *lowest, box=None)
    for entry in found:
        table.add_row(
            entry.name,
            roles.by_name.get(entry.name, entry.status),
            entry.method,
            "" if entry.seed is None else str(entry.seed),
            (entry.data_sha256 or "")[:8],
            "" if entry.minutes is None else f"{entry.minutes:.1f}",
            _lowest(entry, "diagnosis", "macro_f1"),
            _lowest(entry, "urgency", "qwk"),
        )
    console.print(table)
    if roles.unknown:
        Console(stderr=True).print(f"Which version decides is not known: {roles.unknown}.", markup=False)


@commands.command("show")
def show(
    name: Name, runs: Runs = _RUNS, model_repo: Repository = _REPOSITORY, as_json: AsJson = False
) -> None:
    """How one model was made, and all its figures."""
    from trainer.registry import find

    with _told():
        entry = find(name, runs, model_repo)
    if as_json:
        typer.echo(json.dumps({**_document(entry), "details": entry.details}))
        return
    console.print_json(json.dumps(entry.details))
    for score in entry.scores:
        title = f"{score.test_set}: {score.task}, {score.n} rows"
        table = Table(_whole("figure"), "value (95 % interval)", title=title, box=None)
        for figure, value in score.figures.items():
            table.add_row(figure, _interval(value.value, value.low, value.high))
        console.print(table)


@commands.command("compare")
def compare(
    first: Name,
    second: Name,
    runs: Runs = _RUNS,
    model_repo: Repository = _REPOSITORY,
    as_json: AsJson = False,
) -> None:
    """Two models on the test sets that both were judged on."""
    from trainer import registry

    with _told():
        both = [registry.find(name, runs, model_repo) for name in (first, second)]
    differences = registry.compare(*both)
    if as_json:
        typer.echo(json.dumps([_difference(item) for item in differences]))
        return
    for (test_set, task), items in groupby(differences, key=lambda item: (item.test_set, item.task)):
        table = Table(
            _whole("figure"), first, second, "gap", "intervals", title=f"{test_set}: {task}", box=None
        )
        for item in items:
            told = {None: "not comparable", True: "overlap", False: "apart"}[item.overlap]
            table.add_row(
                item.figure,
                _interval(item.first.value, item.first.low, item.first.high),
                _interval(item.second.value, item.second.low, item.second.high),
                f"{item.gap:+.3f}",
                told,
            )
        console.print(table)
    if not differences:
        console.print("no test set that both were judged on")
        for entry in both:
            if reason := _why_unjudged(entry):
                console.print(f"{entry.name}: {reason}", markup=False)


def _whole(name: str) -> Column:
    return Column(name, no_wrap=True)


def _lowest(entry: "Entry", task: str, figure: str) -> str:
    values = [
        score.figures[figure].value
        for score in entry.scores
        if score.task == task and figure in score.figures
    ]
    return f"{min(values):.3f}" if values else ""


def _why_unjudged(entry: "Entry") -> str:
    """Why a model has no figures of its own; empty where it has some, or where that isn't known."""
    rows = entry.details.get("rows") or entry.details.get("data", {}).get("rows") or {}
    if not isinstance(rows, dict) or rows.get("test") or entry.scores:
        return ""
    labels = sum(sum(rows.get(split, {}).values()) for split in ("train", "calibration"))
    return f"{labels} labels: too few to hold any out" if labels else ""


def _interval(value: float, low: float | None, high: float | None) -> str:
    return f"{value:.3f}" if low is None or high is None else f"{value:.3f} ({low:.3f}-{high:.3f})"


def _document(entry: "Entry") -> dict[str, Any]:
    return {
        "name": entry.name,
        "kind": entry.kind,
        "status": entry.status,
        "method": entry.method,
        "seed": entry.seed,
        "data_sha256": entry.data_sha256,
        "code": entry.code,
        "parameters": entry.parameters,
        "minutes": entry.minutes,
        "scores": [score.model_dump() for score in entry.scores],
    }


def _difference(item: "Difference") -> dict[str, Any]:
    return {
        "test_set": item.test_set,
        "task": item.task,
        "figure": item.figure,
        "first": item.first.model_dump(),
        "second": item.second.model_dump(),
        "gap": item.gap,
        "intervals_overlap": item.overlap,
    }


@contextmanager
def _told() -> Iterator[None]:
    from trainer.registry import NotRegistered

    try:
        yield
    except NotRegistered as error:
        console.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from None
