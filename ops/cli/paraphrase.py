"""`triage data paraphrase`: training texts in other words, by translation there and back."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ops.cli.datasets import console, told

__all__ = ["paraphrase"]


def paraphrase(
    dataset: Annotated[Path, typer.Argument(help="A dataset's folder or a .csv file.")],
    there: Annotated[
        str, typer.Option(metavar="MODEL", help="From English: a folder, or a name on the hub.")
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="A file that is there is added to.")],
    back: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Into English; by default the same model.")
    ] = None,
    languages: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="ENGLISH OTHER", help="The codes of both, of models that know many: eng_Latn deu_Latn."
        ),
    ] = None,
    variants: Annotated[int, typer.Option(min=1, help="Of each text; several need a temperature.")] = 1,
    temperature: Annotated[
        float, typer.Option(min=0.0, help="Of sampling; 0 writes the most probable words.")
    ] = 0.0,
    beams: Annotated[int, typer.Option(min=1, help="Of the search, without sampling.")] = 4,
    batch_size: Annotated[int, typer.Option(min=1, help="Sentences at once.")] = 16,
    max_tokens: Annotated[int, typer.Option(min=8, help="Of a sentence.")] = 256,
    device: Annotated[str, typer.Option(help="cpu, cuda, ...")] = "cpu",
    seed: Annotated[int, typer.Option(min=0, help="Of sampling, and of the split of a .csv file.")] = 3,
) -> None:
    """Write paraphrases of the training split for `triage train --set augmentation.paraphrases.file=FILE`."""
    if variants > 1 and not temperature:
        raise typer.BadParameter("several variants of the most probable words are one: set --temperature")
    if back is None and languages is None:
        raise typer.BadParameter("name --back, or the --languages of a model that knows many")
    # torch takes seconds to load: only this command waits for it
    from trainer.paraphrase.making import make_paraphrases, training_texts
    from trainer.paraphrase.translators import TranslatorUnavailable, Writing, load_translator

    writing = Writing(batch_size, beams, temperature, max_tokens, device)
    with told():
        texts, foreign = training_texts(dataset, seed=seed)
        homewards = None if languages is None else (languages[1], languages[0])
        try:
            outward = load_translator(there, languages, writing)
            home = (
                replace(outward, languages=homewards)
                if back in (None, there)
                else load_translator(str(back), homewards, writing)
            )
        except TranslatorUnavailable as error:
            console.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
            raise typer.Exit(1) from None
        made = make_paraphrases(texts, outward, home, out, variants=variants, seed=seed)
    table = Table("paraphrases", "count")
    table.add_row("kept", str(made.kept))
    for fault, count in made.discarded.most_common():
        table.add_row(f"discarded: {fault}", str(count))
    console.print(table)
    console.print(
        f"{out}: {made.texts} training texts, {made.earlier} done earlier; {foreign} others are not English",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
