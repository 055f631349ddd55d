"""`triage data import`: one command a source."""

from pathlib import Path
from typing import Annotated

import typer

from ops.cli.datasets import Calibration, Out, Seed, Test, keep, shares_of, tell_contradictions, told

__all__ = ["imports"]

imports = typer.Typer(help="One source becomes one dataset.", no_args_is_help=True)

Pair = Annotated[
    list[str] | None,
    typer.Option(help="OURS=YOURS: our name, then the one in your file; as often as needed."),
]


@imports.command("symptom2disease")
def import_symptom2disease(
    folder: Path, out: Out, seed: Seed = 3, calibration: Calibration = 0.15, test: Test = 0.20
) -> None:
    """1,200 symptom descriptions (diagnosis). FOLDER holds symptom2disease/."""
    _import_public("symptom2disease", folder, out, seed, calibration, test)


@imports.command("ktas")
def import_ktas(
    folder: Path, out: Out, seed: Seed = 3, calibration: Calibration = 0.15, test: Test = 0.20
) -> None:
    """1,267 emergency visits with vital signs (urgency). FOLDER holds ktas/."""
    _import_public("ktas", folder, out, seed, calibration, test)


@imports.command("toyhom")
def import_toyhom(
    folder: Path, out: Out, seed: Seed = 3, calibration: Calibration = 0.15, test: Test = 0.20
) -> None:
    """7,644 questions of Chinese patients (no label). FOLDER holds toyhom_zh/."""
    _import_public("toyhom", folder, out, seed, calibration, test)


@imports.command("medquad")
def import_medquad(folder: Path, out: Out) -> None:
    """Encyclopaedic answers on symptoms (diagnosis), all held out. FOLDER holds medquad/."""
    _import_public("medquad", folder, out)


@imports.command("ddxplus")
def import_ddxplus(folder: Path, out: Out) -> None:
    """Names of 49 conditions with their severity (a prior of urgency), all held out. FOLDER holds ddxplus/."""
    _import_public("ddxplus", folder, out)


@imports.command("corpus")
def import_corpus(
    out: Out,
    messages: Annotated[int, typer.Option(min=1)] = 8000,
    seed: Seed = 3,
    calibration: Calibration = 0.15,
    test: Test = 0.20,
) -> None:
    """Messages that this project writes from medical facts (both labels)."""
    _write_corpus("corpus", messages, out, seed, calibration, test)


@imports.command("visits")
def import_visits(
    out: Out,
    messages: Annotated[int, typer.Option(min=1)] = 4000,
    seed: Seed = 3,
    calibration: Calibration = 0.15,
    test: Test = 0.20,
) -> None:
    """Emergency visits that this project writes from triage criteria (urgency)."""
    _write_corpus("visits", messages, out, seed, calibration, test)


@imports.command("csv")
def import_csv(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="A header, then a row a message.")
    ],
    out: Out,
    source: Annotated[str, typer.Option(help="A name for where it comes from.")],
    provenance: Annotated[str, typer.Option(help="Who collected it, when and how.")],
    licence: Annotated[str, typer.Option(help="What may be done with it.")],
    column: Pair = None,
    label: Pair = None,
    encoding: str = "utf-8",
    delimiter: str = ",",
    blank_impossible: Annotated[
        bool, typer.Option(help="Impossible vital signs count as not measured, instead of as errors.")
    ] = False,
    seed: Seed = 3,
    calibration: Calibration = 0.15,
    test: Test = 0.20,
) -> None:
    """A hospital's own labelled messages; see docs/how-to/data.md for the columns."""
    from trainer.data import importing
    from trainer.data.labelled_csv import Reading

    # A label is given as OURS=THEIRS like a column, and looked up the other way round.
    labels = {theirs: ours for ours, theirs in _pairs(label, "--label")}
    reading = Reading(source, encoding, delimiter, dict(_pairs(column, "--column")), labels, blank_impossible)
    with told():
        dataset = importing.import_csv(
            file,
            reading,
            provenance=provenance,
            licence=licence,
            shares=shares_of(calibration, test),
            seed=seed,
        )
        keep(dataset, out)
    tell_contradictions(dataset.rows)


@imports.command("fhir")
def import_fhir(
    path: Annotated[
        Path, typer.Argument(exists=True, help="A folder or file: .ndjson, or .json of Bundles.")
    ],
    out: Out,
    source: Annotated[str, typer.Option(help="A name for where it comes from.")],
    provenance: Annotated[str, typer.Option(help="Who collected it, when and how.")],
    licence: Annotated[str, typer.Option(help="What may be done with it.")],
    blank_unusable: Annotated[
        bool,
        typer.Option(help="Vital signs impossible or in unknown units and codes count as not measured."),
    ] = False,
    seed: Seed = 3,
    calibration: Calibration = 0.15,
    test: Test = 0.20,
) -> None:
    """A hospital's visits as FHIR R4 Encounters; see docs/how-to/data.md for what is read."""
    from trainer.data import importing

    with told():
        keep(
            importing.import_fhir(
                path,
                source,
                provenance=provenance,
                licence=licence,
                blank_unusable=blank_unusable,
                shares=shares_of(calibration, test),
                seed=seed,
            ),
            out,
        )


def _import_public(
    source: str, folder: Path, out: Path, seed: int = 3, calibration: float = 0.15, test: float = 0.20
) -> None:
    from trainer.data import importing

    with told():
        keep(importing.import_public(source, folder, shares=shares_of(calibration, test), seed=seed), out)


def _write_corpus(source: str, count: int, out: Path, seed: int, calibration: float, test: float) -> None:
    from trainer.data import importing

    with told():
        keep(importing.write_corpus(source, count, shares=shares_of(calibration, test), seed=seed), out)


def _pairs(given: list[str] | None, option: str) -> list[tuple[str, str]]:
    pairs = [pair.partition("=") for pair in given or []]
    if any(not equals for _, equals, _ in pairs):
        raise typer.BadParameter(
            "OURS=YOURS is expected: our name, then the one in your file", param_hint=option
        )
    return [(ours.strip(), theirs.strip()) for ours, _, theirs in pairs]
