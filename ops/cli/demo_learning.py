"""`triage demo learning`: the loop from corrections to a promoted version and back, checked step by step."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ops.cli.failures import needs_training, reported

__all__ = ["learning"]

console = Console()


def learning(
    out: Annotated[Path | None, typer.Option(help="Write the account as JSON, too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the account as JSON alone.")] = False,
    keep_logs: Annotated[
        Path | None, typer.Option(help="Copy the stack's logs there before all is removed.")
    ] = None,
) -> None:
    """Learn from simulated clinicians, promote, refuse flipped labels, roll back; ends with 1 where a step fails."""
    needs_training(console)
    # torch takes seconds to load: only this command waits for it
    from ops.learning.demo.account import Account
    from ops.learning.demo.script import STEPS, Plan, run

    account = Account(Console(quiet=True) if as_json else console, wanted=STEPS)
    with reported(console):
        run(account, Plan(), keep=keep_logs)
    if out is not None:
        out.write_text(account.document() + "\n", encoding="utf-8")
    if as_json:
        typer.echo(account.document())
    raise typer.Exit(0 if account.ok else 1)
