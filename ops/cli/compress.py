"""`triage compress`: smaller and faster versions of a finished training run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from ops.cli.failures import needs_training

if TYPE_CHECKING:
    from trainer.compress.record import Compressed
    from trainer.runs import Interval

__all__ = ["register"]

console = Console()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(compress)


def compress(
    run: Annotated[Path, typer.Argument(help="A finished run's folder, as `triage train` makes it.")],
    out: Annotated[
        Path | None, typer.Option(help="The new folder; otherwise `compressed` in the run's folder.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="VARIANT", help="As often as needed; otherwise all variants.")
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Of distillation, where parts are taken out.")] = 4,
    first_version: Annotated[int, typer.Option(min=1, help="Number of the first version's folder.")] = 1,
    seed: Annotated[int, typer.Option(min=0)] = 3,
) -> None:
    """Prune, distil, quantize and fuse a trained model; each variant is a version that Triton serves."""
    needs_training(console)
    # torch takes seconds to load: only this command waits for it
    from trainer.compress.build import compress as make_versions
    from trainer.compress.distil import Distillation
    from trainer.compress.subject import NotCompressible, load_subject
    from trainer.compress.variants import UnknownVariant, chosen
    from trainer.data.errors import BadData
    from trainer.runs import NotARun
    from trainer.tuning.reading import ConfigInvalid

    target = out or run / "compressed"
    try:
        record = make_versions(
            load_subject(run),
            chosen(only),
            target,
            distillation=Distillation(epochs=epochs, seed=seed),
            first_version=first_version,
            say=lambda text: console.print(text, markup=False),
        )
    except (NotCompressible, UnknownVariant, NotARun, ConfigInvalid, BadData) as error:
        console.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    console.print(_table(record))
    console.print(
        f"{target}: model_repo is served as it is; speed: triage bench compress {run}", markup=False
    )


def _table(record: "Compressed") -> Table:
    table = Table("version", "variant", "layers", "parameters", "MB", "macro-F1", "QWK", title=record.run)
    for one in record.versions:
        size = f"{one.graph_mb:.1f}"
        figures = (_shown(one.macro_f1), _shown(one.qwk))
        table.add_row(one.version, one.variant, str(one.layers), f"{one.parameters:,}", size, *figures)
    return table


def _shown(figure: "Interval | None") -> str:
    return "" if figure is None else f"{figure.value:.3f} ({figure.low:.3f}-{figure.high:.3f})"
