"""`triage data`: labelled messages become a dataset to train on and to judge by."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from trainer.data.dataset import Dataset
    from trainer.data.splits import Shares

__all__ = ["register"]

console = Console()
commands = typer.Typer(no_args_is_help=True)
imports = typer.Typer(help="One source becomes one dataset.", no_args_is_help=True)

Out = Annotated[Path, typer.Option(help="The dataset's new folder.")]
Seed = Annotated[int, typer.Option(help="Of the split, and of what is written.")]
Calibration = Annotated[
    float, typer.Option(min=0, max=0.5, help="Share held back for temperatures and thresholds.")
]
Test = Annotated[float, typer.Option(min=0, max=0.5, help="Share held back for the last judgement.")]
Pair = Annotated[list[str] | None, typer.Option(help="OURS=THEIRS, as often as needed.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    commands.add_typer(imports, name="import")
    app.add_typer(commands, name="data")


@commands.callback()
def needs_training_environment() -> None:
    """Datasets: typed, hashed, split by near-duplicates."""
    if find_spec("pyarrow") is None or find_spec("sklearn") is None:
        console.print("This needs the training environment: `make dev` brings it.", style="red", markup=False)
        raise typer.Exit(1)


@imports.command("symptom2disease")
def import_symptom2disease(
    folder: Path, out: Out, seed: Seed = 3, calibration: Calibration = 0.15, test: Test = 0.20
) -> None:
    """1,200 symptom descriptions (diagnosis). FOLDER holds symptom2disease/."""
    _import_public("symptom2disease", folder, out, seed, calibration, test)


@imports.command("ktas")
def import_ktas(
    folder: Path, out: Out, seed: Seed = 3, calibration: Calibration = 0.15, test: Test = 0.20
) -> None:
    """1,267 emergency visits with vital signs (urgency). FOLDER holds ktas/."""
    _import_public("ktas", folder, out, seed, calibration, test)


@imports.command("toyhom")
def import_toyhom(
    folder: Path, out: Out, seed: Seed = 3, calibration: Calibration = 0.15, test: Test = 0.20
) -> None:
    """7,644 questions of Chinese patients (no label). FOLDER holds toyhom_zh/."""
    _import_public("toyhom", folder, out, seed, calibration, test)


@imports.command("medquad")
def import_medquad(folder: Path, out: Out) -> None:
    """Encyclopaedic answers on symptoms (diagnosis), all held out. FOLDER holds medquad/."""
    _import_public("medquad", folder, out)


@imports.command("ddxplus")
def import_ddxplus(folder: Path, out: Out) -> None:
    """Names of 49 conditions with their severity (a prior of urgency), all held out. FOLDER holds ddxplus/."""
    _import_public("ddxplus", folder, out)


@imports.command("corpus")
def import_corpus(
    out: Out,
    messages: Annotated[int, typer.Option(min=1)] = 8000,
    seed: Seed = 3,
    calibration: Calibration = 0.15,
    test: Test = 0.20,
) -> None:
    """Messages that this project writes from medical facts (both labels)."""
    _write_corpus("corpus", messages, out, seed, calibration, test)


@imports.command("visits")
def import_visits(
    out: Out,
    messages: Annotated[int, typer.Option(min=1)] = 4000,
    seed: Seed = 3,
    calibration: Calibration = 0.15,
    test: Test = 0.20,
) -> None:
    """Emergency visits that this project writes from triage criteria (urgency)."""
    _write_corpus("visits", messages, out, seed, calibration, test)


@imports.command("csv")
def import_csv(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="A header, then a row a message.")
    ],
    out: Out,
    source: Annotated[str, typer.Option(help="A name for where it comes from.")],
    provenance: Annotated[str, typer.Option(help="Who collected it, when and how.")],
    licence: Annotated[str, typer.Option(help="What may be done with it.")],
    column: Pair = None,
    label: Pair = None,
    encoding: str = "utf-8",
    delimiter: str = ",",
    blank_impossible: Annotated[
        bool, typer.Option(help="Impossible vital signs count as not measured, instead of as errors.")
    ] = False,
    seed: Seed = 3,
    calibration: Calibration = 0.15,
    test: Test = 0.20,
) -> None:
    """A hospital's own labelled messages; see docs/how-to/data.md for the columns."""
    from trainer.data import importing
    from trainer.data.labelled_csv import Reading

    # A label is given as OURS=THEIRS like a column, and looked up the other way round.
    labels = {theirs: ours for ours, theirs in _pairs(label, "--label")}
    reading = Reading(source, encoding, delimiter, dict(_pairs(column, "--column")), labels, blank_impossible)
    with _told():
        _keep(
            importing.import_csv(
                file,
                reading,
                provenance=provenance,
                licence=licence,
                shares=_shares(calibration, test),
                seed=seed,
            ),
            out,
        )


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

    with _told():
        parts = [read_dataset(folder) for folder in datasets]
        shares = _shares(calibration, test)
        _keep(importing.merge(parts, shares=shares, hold_out=hold_out or (), seed=seed), out)


@commands.command("show")
def show(
    folder: Path, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False
) -> None:
    """What a dataset holds. Checks its hash."""
    from trainer.data.dataset import read_dataset

    with _told():
        dataset = read_dataset(folder)
        if as_json:
            typer.echo(dataset.manifest.model_dump_json())
        else:
            _print(dataset)


@commands.command("check")
def check(
    folder: Path, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False
) -> None:
    """Look for what a model could learn instead of medicine. Exits 1 where something has to be mended."""
    from pydantic import TypeAdapter

    from trainer.data.dataset import read_dataset
    from trainer.data.leaks import LeakReport, find_leaks

    with _told():
        report = find_leaks(read_dataset(folder))
    if as_json:
        typer.echo(TypeAdapter(LeakReport).dump_json(report).decode())
    else:
        for failure in report.failures:
            console.print(failure, style="red", markup=False)
        if report.source_accuracy is not None:
            console.print(
                f"The text tells the source in {report.source_accuracy:.1%} of the rows (the largest source has "
                f"{report.source_majority:.1%}); the source alone tells {report.label_by_source or 0:.1%} of the "
                "diagnoses."
            )
        for uneven in report.uneven:
            console.print(
                f"{uneven.source}: {uneven.field} is measured in {uneven.urgent:.0%} of levels 1-2, in "
                f"{uneven.others:.0%} of levels 3-5: its absence tells the urgency."
            )
        console.print("something to mend" if report.failures else "no leak found")
    raise typer.Exit(1 if report.failures else 0)


def _import_public(
    source: str, folder: Path, out: Path, seed: int = 3, calibration: float = 0.15, test: float = 0.20
) -> None:
    from trainer.data import importing

    with _told():
        _keep(importing.import_public(source, folder, shares=_shares(calibration, test), seed=seed), out)


def _write_corpus(source: str, count: int, out: Path, seed: int, calibration: float, test: float) -> None:
    from trainer.data import importing

    with _told():
        _keep(importing.write_corpus(source, count, shares=_shares(calibration, test), seed=seed), out)


def _shares(calibration: float, test: float) -> "Shares":
    from trainer.data.splits import Shares

    return Shares(calibration=calibration, test=test)


def _pairs(given: list[str] | None, option: str) -> list[tuple[str, str]]:
    pairs = [pair.partition("=") for pair in given or []]
    if any(not equals for _, equals, _ in pairs):
        raise typer.BadParameter("OURS=THEIRS is expected", param_hint=option)
    return [(ours.strip(), theirs.strip()) for ours, _, theirs in pairs]


def _keep(dataset: "Dataset", out: Path) -> None:
    from trainer.data.dataset import write_dataset

    write_dataset(dataset, out)
    _print(dataset)


def _print(dataset: "Dataset") -> None:
    manifest = dataset.manifest
    table = Table("source", "split", "rows", "labels")
    for source, parts in manifest.counts.items():
        for part, labels in parts.items():
            rows = sum(
                row.source == source and where == part
                for row, where in zip(dataset.rows, dataset.parts, strict=True)
            )
            table.add_row(
                source, part, str(rows), "  ".join(f"{name} {count}" for name, count in labels.items())
            )
    console.print(table)
    console.print(
        f"{manifest.rows} rows in {manifest.clusters} clusters, sha256 {manifest.content_sha256[:16]}"
    )


@contextmanager
def _told() -> Iterator[None]:
    """What is wrong with the data, or with its folder, ends the command with a line, not with a traceback."""
    from trainer.data.errors import BadData

    try:
        yield
    except (BadData, FileExistsError) as error:
        told = f"{error.filename} is there already" if isinstance(error, FileExistsError) else str(error)
        console.print(told, style="red", markup=False, highlight=False)
        raise typer.Exit(1) from None
