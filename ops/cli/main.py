"""`triage`: one command line for the whole project."""

import typer

from ops.cli import (
    bench,
    chaos,
    compress,
    data,
    deadletters,
    demo,
    evaluate,
    feedback,
    lifecycle,
    messages,
    models,
    score,
    train,
)

__all__ = ["app"]

app = typer.Typer(
    name="triage",
    help="Streaming medical triage. Decision support for research, not a medical device.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # its frames show local variables, which hold patient text
)
for module in (
    lifecycle,
    messages,
    score,
    deadletters,
    feedback,
    demo,
    bench,
    chaos,
    data,
    models,
    train,
    compress,
    evaluate,
):
    module.register(app)

if __name__ == "__main__":
    app()
