"""`triage models gate | labellers`: may this candidate replace the live version, and whose labels may it learn from?"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from ops.cli.failures import needs_training
from ops.cli.labels import FromBuffer, LabelsFile, opinions_from

if TYPE_CHECKING:
    from trainer.data.dataset import Dataset
    from trainer.gate.report import LabellerFound

__all__ = ["register"]

console = Console(stderr=True)

Against = Annotated[Path, typer.Option(help="The live version's folder.")]
Workers = Annotated[int, typer.Option(min=1, help="Threads that ask the models.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


def register(commands: typer.Typer) -> None:
    """Add the commands."""
    commands.command()(gate)
    commands.command()(labellers)


def gate(
    candidate: Annotated[Path, typer.Argument(help="The candidate's version folder.")],
    against: Against,
    regression: Annotated[
        Path | None, typer.Option(help="A frozen dataset, its test part; without one, it is written here.")
    ] = None,
    new: Annotated[
        Path | None,
        typer.Option(
            help="New labels as `train continue` takes them: their test part, of which nothing was learned."
        ),
    ] = None,
    new_seed: Annotated[
        int | None, typer.Option(help="What `train continue` dealt them out by, if not by its own default.")
    ] = None,
    labels: LabelsFile = None,
    feedback: FromBuffer = False,
    out: Annotated[Path | None, typer.Option(help="Folder for gate.json and gate.md.")] = None,
    accept_low_power: Annotated[
        str | None, typer.Option(metavar="REASON", help="Let tests pass that cannot tell; recorded.")
    ] = None,
    workers: Workers = 2,
    as_json: AsJson = False,
) -> None:
    """Judge a candidate beside the live version; ends with 1 where it is refused."""
    if accept_low_power is not None and not accept_low_power.strip():
        raise typer.BadParameter("say why", param_hint="--accept-low-power")
    with _told():
        from trainer import gate as room

        report = room.judge(
            candidate,
            against,
            regression=_dataset(regression),
            new=_new_labels(new, new_seed),
            opinions=opinions_from(labels, feedback),
            accept_low_power=accept_low_power,
            workers=workers,
            say=lambda told: console.print(told, markup=False),
        )
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "gate.json").write_text(report.json_text() + "\n", encoding="utf-8")
        (out / "gate.md").write_text(report.markdown(), encoding="utf-8")
    typer.echo(report.json_text() if as_json else report.markdown())
    if not report.passed:
        raise typer.Exit(1)


def labellers(
    against: Against,
    labels: LabelsFile = None,
    feedback: FromBuffer = False,
    workers: Workers = 2,
    as_json: AsJson = False,
) -> None:
    """Find who labels unlike all others, before anything is learned; ends with 1 where somebody is named."""
    if labels is None and not feedback:
        raise typer.BadParameter("name --labels FILE or --feedback")
    with _told():
        from trainer.evaluation import JudgedVersion
        from trainer.gate import Limits
        from trainer.gate.labellers import features_of, find_labellers

        version = JudgedVersion(against, workers=workers)
        opinions = opinions_from(labels, feedback)
        found = find_labellers(opinions, features_of(opinions, version), Limits()) if opinions else []
    if as_json:
        typer.echo(json.dumps([one.model_dump() for one in found], indent=1))
    else:
        Console().print(_table(found))
    if any(one.named for one in found):
        raise typer.Exit(1)


def _table(found: "list[LabellerFound]") -> Table:
    table = Table("labeller", "task", "labels", "suspect", "others'", "excess", "p", "named", box=None)
    for one in found:
        shares = (one.suspect_share, one.suspect_share_of_others, one.excess)
        table.add_row(
            one.labeller,
            one.task,
            str(one.labels),
            *(f"{share:.2f}" for share in shares),
            f"{one.p:.2g}",
            "yes" if one.named else "",
        )
    return table


def _dataset(folder: Path | None) -> "Dataset | None":
    from trainer.data.dataset import read_dataset

    return None if folder is None else read_dataset(folder)


def _new_labels(path: Path | None, seed: int | None) -> "Dataset | None":
    from trainer.continual.labels import read_new
    from trainer.tuning.config import TrainConfig

    if path is None:
        return None
    return read_new(path, seed=TrainConfig().seed if seed is None else seed)


@contextmanager
def _told() -> Iterator[None]:
    """What is wrong with a folder, or not installed, ends the command with a line, not with a traceback."""
    needs_training(console)
    # Loads torch and scikit-learn: only these commands wait for them.
    from trainer.data.errors import BadData
    from trainer.evaluation import NotAVersion

    try:
        yield
    except (NotAVersion, BadData) as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
