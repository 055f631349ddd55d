"""`triage train`: one configuration becomes one run's folder, with a version that can be served.

`triage train continue` goes on from such a version with new labels (`ops.cli.train_again`), `triage train search` looks
for a better configuration (`ops.cli.search`), `pretrain` reads unlabelled text first (`ops.cli.pretrain`), `soup`
averages finished runs (`ops.cli.soup`).
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from typer.core import TyperGroup

from ops.cli import train_again, train_watch
from ops.cli.failures import needs_training
from ops.cli.pretrain import pretrain
from ops.cli.search import search
from ops.cli.soup import soup

__all__ = ["register"]

console = Console()
_FROM_SCRATCH = "anew"


class _AnewUnlessNamed(TyperGroup):
    """`triage train CONFIG ...` is `triage train anew CONFIG ...`: a file of that name needs a `./` before it."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override] # typer has click inside
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = [_FROM_SCRATCH, *args]
        return super().parse_args(ctx, args)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    training = typer.Typer(
        cls=_AnewUnlessNamed,
        help="Train a version of the model. Without a command: `anew`.",
    )
    training.command(_FROM_SCRATCH)(train)
    training.command()(search)
    training.command()(pretrain)
    training.command()(soup)
    train_again.register(training)
    training.command()(train_watch.watch)
    app.add_typer(training, name="train")


def train(
    config: Annotated[
        Path | None, typer.Argument(help="A YAML file; what it leaves out has defaults.")
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            help="classic, lora, adalora, prefix, adapter, top-layers, gradual, heads, r-drop, adversarial, "
            "contrastive, few-shot, default."
        ),
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="As method.rank=16.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="A dataset's folder or a .csv file; otherwise the written corpus.")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="RUNS_DIR", help="Where the run's folder goes.")] = Path(
        "runs"
    ),
    resume: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Go on with this interrupted run; it has its settings.")
    ] = None,
) -> None:
    """Fine-tune a model on labelled messages, judge it before and after, and export it."""
    needs_training(console)
    # torch takes seconds to load: only this command waits for it
    from trainer.data.errors import BadData
    from trainer.encoders import EncoderUnavailable
    from trainer.runs import NotARun
    from trainer.tracking import TrackingFailed, TrackingUnavailable
    from trainer.train import RunUnusable, resume_run, start_run
    from trainer.tuning.checkpoint import CheckpointUnreadable
    from trainer.tuning.reading import ConfigInvalid, read_config

    try:
        if resume is not None:
            if config or preset or settings or data:
                raise ConfigInvalid("--resume goes on as the run began: no other setting beside it")
            folder = resume_run(resume)
        else:
            given = [*(settings or []), *([f"data={data}"] if data else [])]
            folder = start_run(read_config(config, preset=preset, settings=given), out)
    except (
        BadData,
        CheckpointUnreadable,
        ConfigInvalid,
        EncoderUnavailable,
        NotARun,
        RunUnusable,
        TrackingFailed,
        TrackingUnavailable,
    ) as error:
        console.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    record = folder.read()
    if record.status != "finished":
        return  # not the main process
    table = Table("test set", "task", "system", "figure", "before", "after", title=record.name)
    before = {(s.test_set, s.task): s for s in record.before}
    for score in record.after:
        name = "macro_f1" if score.task == "diagnosis" else "qwk"
        if score.system == "float32" and name in score.figures:
            start = before[(score.test_set, score.task)].figures.get(name)
            was = "" if start is None else f"{start.value:.3f}"
            table.add_row(
                score.test_set, score.task, score.system, name, was, f"{score.figures[name].value:.3f}"
            )
    console.print(table)
    for warning in record.warnings:
        console.print(warning, style="yellow", markup=False, highlight=False, soft_wrap=True)
    console.print(
        f"{folder.path}: {record.minutes:.1f} minutes, epoch {record.best_epoch} kept", markup=False
    )
