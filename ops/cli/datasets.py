"""What the commands on datasets share: their options, and how a dataset or what is wrong with it is told."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from trainer.data.dataset import Dataset
    from trainer.data.rows import Row
    from trainer.data.splits import Shares

__all__ = [
    "Calibration",
    "Out",
    "Seed",
    "Test",
    "console",
    "keep",
    "shares_of",
    "tell_contradictions",
    "told",
    "write_out",
]

console = Console()
_SHOWN = 20

Out = Annotated[Path, typer.Option(help="The dataset's new folder.")]
Seed = Annotated[int, typer.Option(help="Of the split, and of what is written.")]
Calibration = Annotated[
    float, typer.Option(min=0, max=0.5, help="Share held back for temperatures and thresholds.")
]
Test = Annotated[float, typer.Option(min=0, max=0.5, help="Share held back for the last judgement.")]


def shares_of(calibration: float, test: float) -> "Shares":
    """Return what is held back of every source."""
    from trainer.data.splits import Shares

    return Shares(calibration=calibration, test=test)


def keep(dataset: "Dataset", out: Path) -> None:
    """Write the folder, and say what is in it."""
    from trainer.data.dataset import write_dataset

    write_dataset(dataset, out)
    write_out(dataset)


def write_out(dataset: "Dataset") -> None:
    """Say how many rows each source, split and label has, and which classes have none."""
    from trainer.data.labels import told_empty

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
    for origin in manifest.origins:
        console.print(f"{origin.source}: {origin.description}", markup=False, highlight=False, soft_wrap=True)
    console.print(
        f"{manifest.rows} rows in {manifest.clusters} clusters, sha256 {manifest.content_sha256[:16]}"
    )
    for lacking in told_empty(dataset.splits):
        console.print(lacking, style="yellow", markup=False, highlight=False, soft_wrap=True)


def tell_contradictions(rows: "Sequence[Row]") -> None:
    """Name the rows of a table with one text and one set of measurements, but unlike labels; they are kept."""
    from trainer.data.labels import contradictions
    from trainer.data.tables import FIRST_ROW

    found = contradictions(rows)
    for positions in found[:_SHOWN]:
        which = ", ".join(str(at + FIRST_ROW) for at in positions[:_SHOWN])
        more = f" and {len(positions) - _SHOWN} more" if len(positions) > _SHOWN else ""
        console.print(
            f"rows {which}{more}: one text and the same measurements, but unlike labels", style="yellow"
        )
    if found:
        console.print(
            f"{len(found)} such groups, all kept: mend the labels that are wrong, and import anew",
            style="yellow",
        )


@contextmanager
def told() -> Iterator[None]:
    """What is wrong with the data, or with its folder, ends the command with a line, not with a traceback."""
    from trainer.data.errors import BadData

    try:
        yield
    except (BadData, FileExistsError) as error:
        told = f"{error.filename} is there already" if isinstance(error, FileExistsError) else str(error)
        console.print(told, style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
