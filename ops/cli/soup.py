"""`triage train soup`: the mean of the weights of finished runs."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from ops.cli.failures import needs_training

if TYPE_CHECKING:
    from trainer.runs import Interval, RunRecord

__all__ = ["soup"]

console = Console()


def soup(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Finished runs of one encoder on one dataset.")
    ],
    name: Annotated[str, typer.Option(help="Of the new run's folder.")] = "soup",
    out: Annotated[Path, typer.Option(metavar="RUNS_DIR", help="Where it goes.")] = Path("runs"),
    greedy: Annotated[
        bool,
        typer.Option(
            "--greedy/--uniform", help="Put in only what the calibration split approves of, or all."
        ),
    ] = True,
) -> None:
    """Average runs into one version, judge it beside them and their ensemble, and export it."""
    needs_training(console)
    # torch takes seconds to load: only this command waits for it
    from trainer.compress.subject import NotCompressible
    from trainer.data.errors import BadData
    from trainer.runs import NotARun, RunFolder
    from trainer.soup import ENSEMBLE, NotMixable, make_soup
    from trainer.train import RunUnusable
    from trainer.tuning.reading import ConfigInvalid

    try:
        record = make_soup(runs, out / name, greedy=greedy).read()
        given = [RunFolder(path).read() for path in runs]
    except (BadData, ConfigInvalid, NotARun, NotCompressible, NotMixable, RunUnusable) as error:
        console.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    systems = [(one.name, one, "float32") for one in (*given, record)]
    console.print(_table((*systems, (f"ensemble of the runs in {name}", record, ENSEMBLE))))
    if record.averaged is not None:
        put_in = ", ".join(record.averaged.put_in)
        console.print(f"{out / name}: {record.averaged.way}, of {put_in}", markup=False, soft_wrap=True)


def _table(systems: "Sequence[tuple[str, RunRecord, str]]") -> Table:
    """One line a system that has scores, by title, the record that holds them and their name there."""
    columns = [
        (score.test_set, score.task, "macro_f1" if score.task == "diagnosis" else "qwk")
        for score in systems[0][1].after
        if score.system == systems[0][2]
    ]
    table = Table("system", *(f"{test_set}: {figure}" for test_set, _, figure in columns))
    for title, record, system in systems:
        figures = {(s.test_set, s.task): s.figures for s in record.after if s.system == system}
        if figures:
            cells = [figures.get((test_set, task), {}).get(name) for test_set, task, name in columns]
            table.add_row(title, *("" if cell is None else _cell(cell) for cell in cells))
    return table


def _cell(figure: "Interval") -> str:
    if figure.low is None or figure.high is None:
        return f"{figure.value:.3f}"
    return f"{figure.value:.3f} ({figure.low:.3f}-{figure.high:.3f})"
