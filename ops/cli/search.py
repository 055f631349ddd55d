"""`triage train search`: a better configuration within a budget, judged on the calibration split."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

__all__ = ["search"]

console = Console(stderr=True)


def search(
    config: Annotated[Path | None, typer.Argument(help="A YAML file to start from.")] = None,
    preset: Annotated[str | None, typer.Option(help="A preset to start from.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE")] = None,
    data: Annotated[
        Path | None, typer.Option(help="A dataset's folder or a .csv file; otherwise the written corpus.")
    ] = None,
    over: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=RANGE", help="a,b,c or low..high or low..high:log; rates and batch size by default."
        ),
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
    minutes: Annotated[float, typer.Option(min=0.1, help="No trial begins after them.")] = 60.0,
    out: Annotated[Path, typer.Option(metavar="FILE.yaml", help="The best configuration.")] = Path(
        "best.yaml"
    ),
) -> None:
    """Try configurations, the given one first; write the best. The test split is not read."""
    # torch takes seconds to load: only this command waits for it
    from trainer.data.errors import BadData
    from trainer.encoders import EncoderUnavailable
    from trainer.search import DEFAULT_RANGES, Budget, parse_range
    from trainer.search import search as find
    from trainer.train import load_data
    from trainer.tuning.reading import ConfigInvalid, read_config, write_config

    try:
        given = [*(settings or []), *([f"data={data}"] if data else [])]
        start = read_config(config, preset=preset, settings=given)
        ranges = dict(map(parse_range, over)) if over else DEFAULT_RANGES
        found = find(start, load_data(start).splits, ranges, Budget(trials, minutes), say=_say)
    except (ConfigInvalid, BadData, EncoderUnavailable) as error:
        console.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    write_config(found.config, out)
    given_up = sum(figure is None for figure in found.figures)
    typer.echo(
        f"{len(found.figures)} trials, {given_up} given up: {found.first:.3f} as given, {found.figure:.3f} at best. "
        f"{out}"
    )


def _say(line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)
