"""A dataset on disk: `rows.parquet`, typed, and `dataset.json`, which says what it is and hashes it.

Every row belongs to a cluster of near-duplicates, and a cluster to one split. A dataset is written once; where rows
come or go, a new one is made.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import ValidationError

from streams.text import VITALS_FIELDS
from trainer.data.errors import DatasetChanged, NothingToLearn
from trainer.data.manifest import Manifest, Origin, SplitShares, content_sha256, describe
from trainer.data.rows import Row
from trainer.data.splits import HELD_OUT, Shares, Splits, cluster, split

__all__ = ["DEFAULT_SHARES", "Dataset", "make_dataset", "read_dataset", "write_dataset"]

DEFAULT_SHARES = Shares(calibration=0.15, test=0.20)

Part = Literal["train", "calibration", "test"]

_ROWS, _MANIFEST = "rows.parquet", "dataset.json"
_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("group", pa.string(), nullable=False),
        pa.field("language", pa.string()),
        pa.field("diagnosis", pa.string()),
        pa.field("urgency_level", pa.int8()),
        *(pa.field(name, pa.float32()) for name in VITALS_FIELDS),
        pa.field("cluster", pa.int64(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """`clusters` [k] and `parts` [k] belong to the rows, in their order."""

    rows: tuple[Row, ...]
    clusters: NDArray[np.int64]
    parts: tuple[Part, ...]
    manifest: Manifest

    @property
    def ids(self) -> tuple[str, ...]:
        """`source/n`, n counting the source's rows from 1: they stay when datasets are merged."""
        seen: Counter[str] = Counter()
        numbered = []
        for row in self.rows:
            seen[row.source] += 1
            numbered.append(f"{row.source}/{seen[row.source]}")
        return tuple(numbered)

    @property
    def splits(self) -> Splits:
        """The rows by their split."""
        by_part: dict[str, list[Row]] = defaultdict(list)
        for row, part in zip(self.rows, self.parts, strict=True):
            by_part[part].append(row)
        return Splits(tuple(by_part["train"]), tuple(by_part["calibration"]), tuple(by_part["test"]))


def make_dataset(
    rows: Sequence[Row],
    origins: Sequence[Origin],
    *,
    shares: Shares = DEFAULT_SHARES,
    held_out: Collection[str] = (),
    seed: int,
) -> Dataset:
    """Join near-duplicates into clusters and deal these out to the splits.

    All rows of a source in `held_out` are for the test. Raises NothingToLearn without rows.
    """
    if not rows:
        raise NothingToLearn("there are 0 rows")
    clusters = cluster(rows)
    sources = sorted({row.source for row in rows})
    of_source = {source: HELD_OUT if source in held_out else shares for source in sources}
    dealt = split(rows, of_source, seed=seed, clusters=clusters)
    part_of: dict[int, Part] = {id(row): "train" for row in rows}
    part_of.update((id(row), "calibration") for row in dealt.calibration)
    part_of.update((id(row), "test") for row in dealt.test)
    parts = tuple(part_of[id(row)] for row in rows)
    manifest = Manifest(
        content_sha256=content_sha256(rows, clusters, parts),
        rows=len(rows),
        clusters=len(set(clusters.tolist())),
        seed=seed,
        shares={
            source: SplitShares(calibration=share.calibration, test=share.test)
            for source, share in of_source.items()
        },
        origins=tuple(origins),
        counts=describe(rows, parts),
    )
    return Dataset(tuple(rows), clusters, parts, manifest)


def write_dataset(dataset: Dataset, folder: Path) -> None:
    """Write a new folder. Raises FileExistsError where there is one."""
    folder.mkdir(parents=True)
    pq.write_table(_table(dataset), folder / _ROWS, compression="zstd")
    (folder / _MANIFEST).write_text(dataset.manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_dataset(folder: Path) -> Dataset:
    """Read a folder that `write_dataset` wrote. Raises DatasetChanged where it holds something else now."""
    for name in (_MANIFEST, _ROWS):
        if not (folder / name).is_file():
            raise DatasetChanged(f"{folder} has no {name}")
    try:
        manifest = Manifest.model_validate_json((folder / _MANIFEST).read_bytes())
        table = pq.read_table(folder / _ROWS)
    except (ValidationError, pa.ArrowException):
        raise DatasetChanged(f"{folder} is not a dataset of format 2: import it anew") from None
    except OSError as error:
        if error.errno is not None:
            raise
        raise DatasetChanged(f"{folder / _ROWS} is damaged: import it anew") from None  # as pyarrow says it
    if manifest.vitals_fields != VITALS_FIELDS or not table.schema.equals(_SCHEMA):
        raise DatasetChanged(f"{folder} has other columns than this version: import it anew")
    records = table.to_pylist()
    rows = tuple(_row(record) for record in records)
    clusters = np.array([record["cluster"] for record in records], dtype=np.int64)
    parts = cast(tuple[Part, ...], tuple(record["split"] for record in records))
    if content_sha256(rows, clusters, parts) != manifest.content_sha256:
        raise DatasetChanged(f"the rows of {folder} are not those that its manifest was written for")
    return Dataset(rows, clusters, parts, manifest)


def _table(dataset: Dataset) -> pa.Table:
    records = []
    for row_id, row, number, part in zip(
        dataset.ids, dataset.rows, dataset.clusters, dataset.parts, strict=True
    ):
        record: dict[str, Any] = {
            "id": row_id,
            "source": row.source,
            "text": row.text,
            "group": row.group,
            "language": row.language,
            "diagnosis": row.diagnosis,
            "urgency_level": row.urgency_level,
            "cluster": int(number),
            "split": part,
        }
        for name, value in zip(VITALS_FIELDS, row.vitals.tolist(), strict=True):
            record[name] = None if np.isnan(value) else value
        records.append(record)
    return pa.Table.from_pylist(records, schema=_SCHEMA)


def _row(record: dict[str, Any]) -> Row:
    values = [np.nan if record[name] is None else record[name] for name in VITALS_FIELDS]
    return Row(
        source=record["source"],
        text=record["text"],
        group=record["group"],
        vitals=np.array(values, dtype=np.float32),
        diagnosis=record["diagnosis"],
        urgency_level=record["urgency_level"],
        language=record["language"],
    )
