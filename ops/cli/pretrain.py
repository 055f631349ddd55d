"""`triage train pretrain`: an encoder reads unlabelled text, its words masked, before it is fine-tuned."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ops.cli.failures import needs_training

__all__ = ["pretrain"]

console = Console(stderr=True)


def pretrain(
    texts: Annotated[
        Path, typer.Argument(help="A .txt file with a text a line, a dataset's folder or a .csv file.")
    ],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the encoder goes.")] = Path("encoder"),
    encoder: Annotated[str, typer.Option(help="What to start from, as in `triage train`.")] = "packaged",
    epochs: Annotated[float, typer.Option(min=0.01)] = 1.0,
    batch_size: Annotated[int, typer.Option(min=1)] = 32,
    rate: Annotated[float, typer.Option(help="Peak learning rate.")] = 5e-5,
    masked: Annotated[float, typer.Option(min=0.01, max=0.9, help="Share of masked tokens.")] = 0.15,
    max_length: Annotated[int, typer.Option(min=16, max=512, help="Tokens of a window.")] = 128,
    seed: Annotated[int, typer.Option(min=0)] = 3,
) -> None:
    """Write an encoder for `triage train --set encoder=FOLDER`. Of a dataset the training split alone is read."""
    needs_training(console)
    # torch takes seconds to load: only this command waits for it
    from trainer.data.errors import BadData
    from trainer.encoders import EncoderUnavailable
    from trainer.pretraining import MaskedWords, OutputTaken, read_texts
    from trainer.pretraining import pretrain as read

    settings = MaskedWords(epochs, batch_size, rate, masked, max_length, seed)
    try:
        found = read(read_texts(texts, seed=seed), encoder, out, settings)
    except (BadData, EncoderUnavailable, OutputTaken) as error:
        console.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    typer.echo(
        f"{out}: {found.windows} windows read; loss of a masked token of {found.held_out} others "
        f"{found.loss_before:.2f} before, {found.loss_after:.2f} after"
    )
