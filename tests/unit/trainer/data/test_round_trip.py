"""Whatever the rows are: what was written is what is read, and no cluster has two sides."""

from pathlib import Path

import numpy as np
import pytest

from streams.text import VITALS_FIELDS
from trainer.data import importing
from trainer.data.dataset import Dataset, make_dataset, read_dataset, write_dataset
from trainer.data.manifest import Origin
from trainer.data.rows import DIAGNOSIS_LABELS, Row
from trainer.data.splits import HELD_OUT

CHARACTERS = list("aeiou  tsnrl\n\t,;\"'\\é高血压糖尿病😷\u200f\x00")


def origin(source: str) -> Origin:
    return Origin(source=source, description="", provenance="", licence="")


def any_rows(seed: int, count: int = 60) -> list[Row]:
    """Rows of any characters, with any part of labels and vital signs, some of them copies of each other."""
    chance = np.random.default_rng(seed)
    rows: list[Row] = []
    for number in range(count):
        text = "".join(chance.choice(CHARACTERS, size=int(chance.integers(1, 80))))
        vitals = chance.normal(80, 40, len(VITALS_FIELDS)).astype(np.float32)
        vitals[chance.random(len(VITALS_FIELDS)) < 0.5] = np.nan
        source = str(chance.choice(["a", "b"]))
        rows.append(
            Row(
                source,
                str(chance.choice(rows).text) if rows and chance.random() < 0.2 else text,  # type: ignore[arg-type]
                f"{source}/{chance.integers(count)}",
                vitals,
                None if chance.random() < 0.3 else str(chance.choice(DIAGNOSIS_LABELS)),
                None if chance.random() < 0.3 else int(chance.integers(1, 6)),
                None if chance.random() < 0.3 else str(chance.choice(["en", "zh-CN"])),
            )
        )
        if number == 0:
            rows[0].vitals[:] = np.nan
    return rows


def sides(dataset: Dataset) -> list[set[str]]:
    found: dict[int, set[str]] = {}
    for cluster, part in zip(dataset.clusters.tolist(), dataset.parts, strict=True):
        found.setdefault(cluster, set()).add(part)
    return list(found.values())


@pytest.mark.parametrize("seed", range(20))
def test_any_rows_come_back_as_they_were(seed: int, tmp_path: Path) -> None:
    made = make_dataset(any_rows(seed), [origin("a"), origin("b")], seed=seed)
    write_dataset(made, tmp_path / "d")
    read = read_dataset(tmp_path / "d")
    assert (read.manifest, read.parts, read.ids) == (made.manifest, made.parts, made.ids)
    np.testing.assert_array_equal(read.clusters, made.clusters)
    for before, after in zip(made.rows, read.rows, strict=True):
        np.testing.assert_array_equal(before.vitals, after.vitals)
        assert [before.source, before.text, before.group, before.language] == [
            after.source,
            after.text,
            after.group,
            after.language,
        ]
        assert (before.diagnosis, before.urgency_level) == (after.diagnosis, after.urgency_level)


@pytest.mark.parametrize("seed", range(20))
def test_no_cluster_has_two_sides_and_a_held_out_source_never_trains(seed: int) -> None:
    rows = any_rows(seed, count=200)
    dataset = make_dataset(rows, [origin("a"), origin("b")], held_out=["b"], seed=seed)
    assert all(len(where) == 1 for where in sides(dataset))
    assert {part for row, part in zip(rows, dataset.parts, strict=True) if row.source == "b"} == {"test"}
    by_group = make_dataset(rows, [origin("a"), origin("b")], seed=seed)
    for group in {row.group for row in rows}:
        assert len({part for row, part in zip(rows, by_group.parts, strict=True) if row.group == group}) == 1


def test_near_copies_of_a_held_out_source_do_not_train_either() -> None:
    rows = [row for row in any_rows(1) if row.source == "a"]
    copied = rows[0]
    rows.append(Row("b", copied.text, "b/copy", copied.vitals))
    dataset = make_dataset(rows, [origin("a"), origin("b")], held_out=["b"], seed=1)
    assert dataset.parts[0] == "test"


def test_ids_and_what_is_held_out_survive_a_merge() -> None:
    first = make_dataset([row for row in any_rows(3) if row.source == "a"], [origin("a")], seed=1)
    second = make_dataset(
        [row for row in any_rows(4) if row.source == "b"], [origin("b")], held_out=["b"], seed=1
    )
    corpus = importing.write_corpus("corpus", 50, seed=1)
    merged = importing.merge([second, corpus, first], hold_out=["a"], seed=2)
    assert merged.ids == (*second.ids, *corpus.ids, *first.ids)
    assert len(set(merged.ids)) == len(merged.rows)
    shares = {source: (share.calibration, share.test) for source, share in merged.manifest.shares.items()}
    held_out = (HELD_OUT.calibration, HELD_OUT.test)
    assert shares == {"a": held_out, "b": held_out, "corpus": (0.15, 0.20)}
