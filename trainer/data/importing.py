"""Every source that can become a dataset, by name."""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainer import provenance
from trainer.data import corpus, ddxplus, fhir, ktas, labelled_csv, medquad, symptom2disease, toyhom, visits
from trainer.data.dataset import DEFAULT_SHARES, Dataset, make_dataset, read_dataset
from trainer.data.errors import BadData, NothingToLearn
from trainer.data.labelled_csv import Reading
from trainer.data.manifest import Origin
from trainer.data.rows import Row
from trainer.data.splits import HELD_OUT, Shares
from trainer.data.words import has_letter

__all__ = [
    "PUBLIC_SOURCES",
    "WRITTEN_SOURCES",
    "PublicSource",
    "import_csv",
    "import_fhir",
    "import_public",
    "merge",
    "read_labelled",
    "write_corpus",
]


@dataclass(frozen=True, slots=True)
class PublicSource:
    """Data of others. `load` takes the folder that holds `file`; `trains` is false where text is no patient's."""

    file: str
    load: Callable[[Path], list[Row]]
    trains: bool = True


PUBLIC_SOURCES: Mapping[str, PublicSource] = {
    symptom2disease.SOURCE: PublicSource(symptom2disease.FILE, symptom2disease.load),
    ktas.SOURCE: PublicSource(ktas.FILE, ktas.load),
    medquad.SOURCE: PublicSource(medquad.FILE, medquad.load, trains=False),
    ddxplus.SOURCE: PublicSource(ddxplus.FILE, ddxplus.load, trains=False),
    toyhom.SOURCE: PublicSource(toyhom.FILE, toyhom.load),
}

WRITTEN_SOURCES: Mapping[str, Callable[[int, int], list[Row]]] = {
    corpus.SOURCE: corpus.load,
    visits.SOURCE: visits.load,
}
"""What this project writes itself; each takes a count and a seed."""


def import_public(source: str, folder: Path, *, shares: Shares = DEFAULT_SHARES, seed: int) -> Dataset:
    """Read one of PUBLIC_SOURCES below `folder`; one that never trains is held out whole. Raises BadData.

    Rows without a letter in their text (a complaint of "?" alone) are left out, and counted in the description.
    """
    known = PUBLIC_SOURCES[source]
    try:
        read = known.load(folder)
    except FileNotFoundError as error:
        raise BadData(f"{error.filename} is not there") from None
    rows = [row for row in read if has_letter(row.text)]
    origin = _known(source)
    described = origin.description
    if wordless := len(read) - len(rows):
        described += f", {wordless} left out without a letter in the text"
    origin = origin.model_copy(update={"description": described, "file_sha256": _sha256(folder / known.file)})
    held_out = () if known.trains else (source,)
    return make_dataset(rows, [origin], shares=shares, held_out=held_out, seed=seed)


def write_corpus(source: str, count: int, *, shares: Shares = DEFAULT_SHARES, seed: int) -> Dataset:
    """Write `count` messages of one of WRITTEN_SOURCES."""
    return make_dataset(WRITTEN_SOURCES[source](count, seed), [_known(source)], shares=shares, seed=seed)


def import_csv(
    path: Path,
    reading: Reading,
    *,
    provenance: str,
    licence: str,
    shares: Shares = DEFAULT_SHARES,
    seed: int,
) -> Dataset:
    """Read a hospital's own labelled file. Raises BadData."""
    rows = labelled_csv.load(path, reading)
    origin = Origin(
        source=reading.source,
        description=f"{len(rows)} labelled messages from {path.name}",
        provenance=provenance,
        licence=licence,
        file_sha256=_sha256(path),
    )
    return make_dataset(rows, [origin], shares=shares, seed=seed)


def read_labelled(path: Path, *, seed: int) -> Dataset:
    """Read a dataset's folder, or a .csv file with its columns. Raises BadData."""
    if path.suffix == ".csv" and path.is_file():
        reading = Reading(source=path.stem)
        return import_csv(path, reading, provenance="a local file", licence="not stated", seed=seed)
    return read_dataset(path)


def import_fhir(
    path: Path,
    source: str,
    *,
    provenance: str,
    licence: str,
    blank_unusable: bool = False,
    shares: Shares = DEFAULT_SHARES,
    seed: int,
) -> Dataset:
    """Read a hospital's FHIR R4 export. Raises BadData."""
    export = fhir.load(path, source, blank_unusable=blank_unusable)
    left_out = "".join(f", {count} left out with {reason}" for reason, count in export.left_out.items())
    origin = Origin(
        source=source,
        description=f"{len(export.rows)} labelled of {export.encounters} encounters{left_out}",
        provenance=provenance,
        licence=licence,
        file_sha256=_sha256(path) if path.is_file() else None,
    )
    return make_dataset(export.rows, [origin], shares=shares, seed=seed)


def merge(
    datasets: Sequence[Dataset],
    *,
    shares: Shares = DEFAULT_SHARES,
    hold_out: Collection[str] = (),
    seed: int,
) -> Dataset:
    """Put several together, and split anew: near-duplicates may stand in two of them.

    Sources that were held out whole stay so, and those in `hold_out` become so. Raises NothingToLearn.
    """
    names = [origin.source for dataset in datasets for origin in dataset.manifest.origins]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise NothingToLearn(f"{', '.join(twice)}: in two of the datasets")
    rows = [row for dataset in datasets for row in dataset.rows]
    origins = [origin for dataset in datasets for origin in dataset.manifest.origins]
    if absent := sorted(set(hold_out) - set(names)):
        raise NothingToLearn(f"no source {', '.join(absent)}; there are {', '.join(names)}")
    were_held_out = {
        source
        for dataset in datasets
        for source, share in dataset.manifest.shares.items()
        if Shares(share.calibration, share.test) == HELD_OUT
    }
    return make_dataset(rows, origins, shares=shares, held_out={*hold_out, *were_held_out}, seed=seed)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _known(source: str) -> Origin:
    use = provenance.DATA[source]
    return Origin(
        source=use.source, description=use.description, provenance=use.provenance, licence=use.licence
    )
