"""A dataset that `triage data import` made as evidence, and whether the version has trained on its test rows.

A version of the pipeline tells its training rows by its card: they are dealt out anew. A version of `triage train` lies
in its run's folder, whose record names the hash of its dataset. Of any other version nothing is known unless
`trained_on` is given.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from trainer.data.dataset import Dataset, read_dataset
from trainer.data.errors import NothingToLearn
from trainer.data.rows import Row
from trainer.data.words import plain
from trainer.evaluation.evidence import Evidence, as_on_the_card, by_source, sources_of
from trainer.evaluation.version import JudgedVersion
from trainer.runs import RunFolder

__all__ = ["imported", "row_sha256", "without_trained"]

_FOLDERS_TO_RUN = 2
"""A run's version lies in model_repo/triage_bert/1."""


def imported(version: JudgedVersion, folder: Path, *, trained_on: Path | None, development: Path) -> Evidence:
    """Return the test split of the dataset in `folder`; rivals learn from its training split.

    Raises BadData where a folder is no dataset or another than the version's run names, or where nothing is left.
    """
    dataset = read_dataset(folder)
    splits = dataset.splits
    train, known_by = _trained_rows(version, dataset, trained_on, development)
    if train is None:
        test = splits.test
        warnings = [
            "What this version was trained on is not known: rows below may be among it. --trained-on DATASET tells."
        ]
    else:
        test, same_text = without_trained(splits.test, train)
        warnings = [
            f"Of {len(splits.test)} test rows {len(splits.test) - len(test)} stood in the version's training rows and "
            f"were left out, {same_text} of the others have a training row's text with other measurements "
            f"({len(train)} training rows, {known_by}; compared by SHA-256 of text and measurements)."
        ]
    if not test:
        raise NothingToLearn(f"{folder}: no test row is left to judge by")
    test_sets = {f"{name}, test split": rows for name, rows in by_source(test).items()}
    return Evidence(
        splits.train,
        splits.calibration,
        test_sets,
        development if development.is_dir() else None,
        tuple(warnings),
    )


def without_trained(test: Sequence[Row], train: Sequence[Row]) -> tuple[tuple[Row, ...], int]:
    """Return the `test` rows that are not in `train`, and how many of these share only the text with a row of it."""
    seen, texts = {row_sha256(row) for row in train}, {_text_sha256(row) for row in train}
    kept = tuple(row for row in test if row_sha256(row) not in seen)
    return kept, sum(_text_sha256(row) in texts for row in kept)


def row_sha256(row: Row) -> str:
    """Hash text (case and spaces aside) and measurements; labels aside, for a row may be labelled anew."""
    return hashlib.sha256(f"{_text_sha256(row)}{row.vitals.round(1).tolist()}".encode()).hexdigest()


def _text_sha256(row: Row) -> str:
    return hashlib.sha256(plain(row.text).encode()).hexdigest()


def _trained_rows(
    version: JudgedVersion, dataset: Dataset, trained_on: Path | None, development: Path
) -> tuple[Sequence[Row] | None, str]:
    run = _run_dataset_sha256(version)
    given = dataset if trained_on is None else read_dataset(trained_on)
    if run is not None and given.manifest.content_sha256 == run:
        return given.splits.train, "the dataset that its run names"
    if trained_on is not None:
        if run is not None:
            raise NothingToLearn(f"{trained_on} is not the dataset that the version's run names")
        return given.splits.train, "the dataset named by --trained-on"
    if run is None and "messages" in version.card.get("recipe", {}):
        sources, seed = sources_of(version.card, development)
        splits = as_on_the_card(version.card, sources, seed)
        if splits is not None:
            return splits.train, "dealt out as on its card"
    return None, ""


def _run_dataset_sha256(version: JudgedVersion) -> str | None:
    parents = version.folder.absolute().parents
    folder = RunFolder(parents[_FOLDERS_TO_RUN]) if len(parents) > _FOLDERS_TO_RUN else None
    return folder.read().data.sha256 if folder is not None and folder.record.exists() else None
