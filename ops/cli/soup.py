"""`triage train soup`: the mean of the weights of finished runs."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ops.cli.failures import needs_training

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
    """Average runs into one version, judge and export it."""
    needs_training(console)
    # torch takes seconds to load: only this command waits for it
    from trainer.compress.subject import NotCompressible
    from trainer.data.errors import BadData
    from trainer.runs import NotARun, RunFolder
    from trainer.soup import NotMixable, make_soup
    from trainer.train import RunUnusable
    from trainer.tuning.reading import ConfigInvalid

    try:
        record = make_soup(runs, out / name, greedy=greedy).read()
        given = [RunFolder(path).read() for path in runs]
    except (BadData, ConfigInvalid, NotARun, NotCompressible, NotMixable, RunUnusable) as error:
        console.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    table = Table("test set", "figure", *(one.name for one in given), name)
    for score in record.after:
        figure = "macro_f1" if score.task == "diagnosis" else "qwk"
        if score.system != "float32" or figure not in score.figures:
            continue
        of_runs = [
            f"{other.figures[figure].value:.3f}"
            for one in given
            for other in one.after
            if (other.system, other.test_set, other.task) == (score.system, score.test_set, score.task)
        ]
        table.add_row(score.test_set, figure, *of_runs, f"{score.figures[figure].value:.3f}")
    console.print(table)
    if record.averaged is not None:
        put_in = ", ".join(record.averaged.put_in)
        console.print(f"{out / name}: {record.averaged.way}, of {put_in}", markup=False, soft_wrap=True)
