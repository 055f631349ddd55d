"""Every source that can become a dataset, by name."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from trainer import provenance
from trainer.data import corpus, ktas, labelled_csv, medquad, symptom2disease, visits
from trainer.data.dataset import DEFAULT_SHARES, Dataset, make_dataset
from trainer.data.errors import BadData, NothingToLearn
from trainer.data.labelled_csv import Reading
from trainer.data.manifest import Origin
from trainer.data.rows import Row
from trainer.data.splits import Shares

__all__ = ["PUBLIC_SOURCES", "WRITTEN_SOURCES", "import_csv", "import_public", "merge", "write_corpus"]

PUBLIC_SOURCES: Mapping[str, Callable[[Path], list[Row]]] = {
    symptom2disease.SOURCE: symptom2disease.load,
    ktas.SOURCE: ktas.load,
    medquad.SOURCE: medquad.load,
}
"""Readers of data of others; each takes the folder that holds a folder of the source's name."""

WRITTEN_SOURCES: Mapping[str, Callable[[int, int], list[Row]]] = {
    corpus.SOURCE: corpus.load,
    visits.SOURCE: visits.load,
}
"""What this project writes itself; each takes a count and a seed."""


def import_public(source: str, folder: Path, *, shares: Shares = DEFAULT_SHARES, seed: int) -> Dataset:
    """Read one of PUBLIC_SOURCES below `folder`. Raises BadData."""
    try:
        rows = PUBLIC_SOURCES[source](folder)
    except FileNotFoundError as error:
        raise BadData(f"{error.filename} is not there") from None
    except KeyError as error:
        raise BadData(f"{source} has no column {error.args[0]}") from None
    return make_dataset(rows, [_known(source)], shares=shares, seed=seed)


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
        file_sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
    )
    return make_dataset(rows, [origin], shares=shares, seed=seed)


def merge(datasets: Sequence[Dataset], *, shares: Shares = DEFAULT_SHARES, seed: int) -> Dataset:
    """Put several together, and split anew: near-duplicates may stand in two of them."""
    names = [origin.source for dataset in datasets for origin in dataset.manifest.origins]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise NothingToLearn(f"{', '.join(twice)}: in two of the datasets")
    rows = [row for dataset in datasets for row in dataset.rows]
    origins = [origin for dataset in datasets for origin in dataset.manifest.origins]
    return make_dataset(rows, origins, shares=shares, seed=seed)


def _known(source: str) -> Origin:
    use = provenance.DATA[source]
    return Origin(
        source=use.source, description=use.description, provenance=use.provenance, licence=use.licence
    )
