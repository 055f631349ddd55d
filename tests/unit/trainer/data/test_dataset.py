"""What was written is what is read; near-duplicates stay on one side; a change is noticed."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from trainer.data import importing, symptom2disease
from trainer.data.dataset import Dataset, make_dataset, read_dataset, write_dataset
from trainer.data.errors import BadData, DatasetChanged, NothingToLearn
from trainer.data.splits import Shares


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return importing.write_corpus("corpus", 300, seed=5)


def test_a_dataset_comes_back_as_it_was_written(dataset: Dataset, tmp_path: Path) -> None:
    write_dataset(dataset, tmp_path / "d")
    read = read_dataset(tmp_path / "d")
    assert read.manifest == dataset.manifest
    assert read.parts == dataset.parts
    assert [row.text for row in read.rows] == [row.text for row in dataset.rows]
    for before, after in zip(dataset.rows, read.rows, strict=True):
        np.testing.assert_array_equal(before.vitals, after.vitals)
        assert (before.diagnosis, before.urgency_level) == (after.diagnosis, after.urgency_level)


def test_a_cluster_is_on_one_side_only_and_all_sides_have_rows(dataset: Dataset) -> None:
    sides: dict[int, set[str]] = {}
    for cluster, part in zip(dataset.clusters.tolist(), dataset.parts, strict=True):
        sides.setdefault(cluster, set()).add(part)
    assert all(len(where) == 1 for where in sides.values())
    assert set(dataset.parts) == {"train", "calibration", "test"}
    assert sum(map(len, (dataset.splits.train, dataset.splits.calibration, dataset.splits.test))) == 300


def test_the_same_seed_makes_the_same_content_and_another_one_does_not(dataset: Dataset) -> None:
    hashes = [importing.write_corpus("corpus", 300, seed=seed).manifest.content_sha256 for seed in (5, 6)]
    assert hashes[0] == dataset.manifest.content_sha256 != hashes[1]


def test_a_changed_row_is_noticed(dataset: Dataset, tmp_path: Path) -> None:
    write_dataset(dataset, tmp_path / "d")
    table = pq.read_table(tmp_path / "d" / "rows.parquet")
    pq.write_table(table.slice(0, len(table) - 1), tmp_path / "d" / "rows.parquet")
    with pytest.raises(DatasetChanged):
        read_dataset(tmp_path / "d")


@pytest.mark.parametrize("name", ["rows.parquet", "dataset.json"])
def test_a_folder_without_one_of_its_files_is_no_dataset(dataset: Dataset, tmp_path: Path, name: str) -> None:
    write_dataset(dataset, tmp_path / "d")
    (tmp_path / "d" / name).unlink()
    with pytest.raises(DatasetChanged, match=name):
        read_dataset(tmp_path / "d")


def test_a_manifest_of_another_format_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    write_dataset(dataset, tmp_path / "d")
    path = tmp_path / "d" / "dataset.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 1}))
    with pytest.raises(DatasetChanged):
        read_dataset(tmp_path / "d")


def test_an_existing_folder_is_never_written_over(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(FileExistsError):
        write_dataset(dataset, tmp_path)


def test_merged_datasets_are_split_anew_and_keep_their_origins(dataset: Dataset) -> None:
    merged = importing.merge([dataset, importing.write_corpus("visits", 100, seed=5)], seed=1)
    assert [origin.source for origin in merged.manifest.origins] == ["corpus", "visits"]
    assert merged.manifest.rows == 400
    with pytest.raises(NothingToLearn, match="corpus"):
        importing.merge([dataset, dataset], seed=1)
    with pytest.raises(NothingToLearn, match="no source elsewhere"):
        importing.merge([dataset], hold_out=["elsewhere"], seed=1)


def test_no_rows_are_no_dataset() -> None:
    with pytest.raises(NothingToLearn):
        make_dataset([], [], shares=Shares(0.1, 0.1), seed=1)


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="Symptom2Disease"):
        importing.import_public("symptom2disease", tmp_path, seed=1)


def test_a_text_without_a_letter_is_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / symptom2disease.FILE
    path.parent.mkdir()
    path.write_text("label,text\nDiabetes,thirsty all day\nAcne,?\nAcne,36.6\nAcne,红点\n", encoding="utf-8")
    dataset = importing.import_public("symptom2disease", tmp_path, seed=1)
    assert [row.text for row in dataset.rows] == ["thirsty all day", "红点"]
    assert dataset.manifest.origins[0].description.endswith(", 2 left out without a letter in the text")
