"""Who labelled what, for the commands that look at labellers: from a CSV file, or from the feedback buffer."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops.cli.feedback import asked, buffer_settings
from streams.adapters.redis_feedback import RedisFeedbackBuffer

if TYPE_CHECKING:
    from trainer.gate.opinions import Opinion

__all__ = ["FromBuffer", "LabelsFile", "opinions_from"]

LabelsFile = Annotated[
    Path | None, typer.Option("--labels", help="A CSV file with a column labelled_by: who labelled what.")
]
FromBuffer = Annotated[bool, typer.Option("--feedback", help="Who labelled what, from the feedback buffer.")]


def opinions_from(labels: Path | None, feedback: bool) -> "list[Opinion]":
    """Read what was asked for; nothing where neither was. Raises BadData."""
    from trainer.gate.opinions import of_csv, of_feedback

    opinions = [] if labels is None else of_csv(labels)
    if feedback:
        with buffer_settings() as settings:
            opinions += of_feedback(asked(settings, _words))
    return opinions


async def _words(buffer: RedisFeedbackBuffer) -> list[tuple[str, str]]:
    return [pair async for pair in buffer.words()]
