"""`triage train continue | suggest`: new labels become the next version; which messages to label for it."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from ops.cli.failures import needs_training

if TYPE_CHECKING:
    from trainer.runs import RunFolder

__all__ = ["register"]

console = Console()


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("continue")(continue_training)
    app.command()(suggest)


def continue_training(
    start: Annotated[
        Path | None, typer.Option("--from", metavar="RUN_OR_VERSION", help="A run's folder, or a version's.")
    ] = None,
    new: Annotated[
        Path | None,
        typer.Option(help="New labels: a dataset's folder, a .csv file, or feedback examples (.jsonl)."),
    ] = None,
    strategy: Annotated[
        str | None,
        typer.Option(help="rehearsal (default), statistics, naive, replay, exemplars, ewc, lwf, ..."),
    ] = None,
    pseudo_from: Annotated[
        float | None,
        typer.Option(
            min=0.5,
            max=1.0,
            help="Rows without a label take the answer that has at least this probability; off by default.",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="As epochs=3 or name=round-2.")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="RUNS_DIR", help="Where the run's folder goes.")] = Path(
        "runs"
    ),
    resume: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Go on with this interrupted round.")
    ] = None,
) -> None:
    """Learn new labels without forgetting: a run's folder whose version is one higher. Serves nothing."""
    needs_training(console)
    # torch takes seconds to load: only this command waits for it
    from trainer.continual import candidate
    from trainer.continual.start import StartUnusable
    from trainer.continual.strategies import DEFAULT, StrategyUnknown, strategy_named
    from trainer.data.errors import BadData
    from trainer.runs import NotARun
    from trainer.tuning.checkpoint import CheckpointUnreadable
    from trainer.tuning.reading import ConfigInvalid, read_config

    try:
        if resume is not None:
            if start or new or strategy or settings or pseudo_from:
                raise ConfigInvalid("--resume goes on as the round began: no other setting beside it")
            folder = candidate.resume(resume)
        elif start is None or new is None:
            raise ConfigInvalid("--from and --new say what is continued with what")
        else:
            told = candidate.Round(
                start=str(start),
                new=str(new),
                strategy=strategy_named(strategy or DEFAULT).name,
                pseudo_from=pseudo_from,
            )
            folder = candidate.continue_from(told, read_config(settings=settings or []), out)
    except (
        BadData,
        CheckpointUnreadable,
        ConfigInvalid,
        NotARun,
        StartUnusable,
        StrategyUnknown,
    ) as error:
        console.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    _show(folder)


def suggest(
    messages: Annotated[Path, typer.Argument(help="Admitted messages, one as JSON a line.")],
    model: Annotated[Path, typer.Option(help="A version's folder.")] = Path("model_repo/triage_bert/1"),
    count: Annotated[int, typer.Option(min=1, help="How many to name.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")] = False,
) -> None:
    """Name the messages whose label would teach most: unsure, unlike each other, urgent first."""
    needs_training(console)
    from trainer.active.suggest import read_messages
    from trainer.active.suggest import suggest as choose  # loads scikit-learn: only this command waits
    from trainer.data.errors import BadData

    try:
        suggestions = choose(read_messages(messages), model, count)
    except (BadData, ValueError, FileNotFoundError) as error:
        console.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    if as_json:
        for one in suggestions:
            typer.echo(json.dumps(asdict(one)))
        return
    table = Table("source", "message", "most probable", "probability", "P(level 1-2)")
    for one in suggestions:
        table.add_row(one.source, one.message_id, one.label, f"{one.probability:.2f}", f"{one.urgent:.2f}")
    console.print(table)


def _show(folder: "RunFolder") -> None:
    record = folder.read()
    table = Table(
        "test set", "task", "figure", "before", "after", title=f"{record.name}: new labels, held out"
    )
    before = {(one.test_set, one.task): one for one in record.before}
    for score in record.after:
        name = "macro_f1" if score.task == "diagnosis" else "qwk"
        if name in score.figures:
            was = before[(score.test_set, score.task)].figures[name].value
            table.add_row(score.test_set, score.task, name, f"{was:.3f}", f"{score.figures[name].value:.3f}")
    if record.after:
        console.print(table)
    else:
        labels = sum(sum(split.values()) for split in record.data.rows.values())
        console.print(f"{labels} labels: too few to hold any out, so nothing was judged")
    console.print(f"{folder.version_dir}: a candidate, {record.minutes:.1f} minutes", markup=False)
