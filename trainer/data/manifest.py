"""What a dataset says of itself: where its rows come from, how they were split, and the hash of what it holds."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from streams.text import VITALS_FIELDS
from trainer.data.rows import DIAGNOSIS_LABELS, Row

__all__ = ["Manifest", "Origin", "SplitShares", "content_sha256", "describe"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Origin(_Part):
    """One source. `file_sha256`: of the file that was read, where there was one."""

    source: str
    description: str
    provenance: str
    licence: str
    file_sha256: str | None = None


class SplitShares(_Part):
    """How much of a source is held back."""

    calibration: float
    test: float


class Manifest(_Part):
    """`dataset.json`. `counts`: rows by source, split and label."""

    format: Literal[2] = 2
    content_sha256: str
    rows: int
    clusters: int
    seed: int
    shares: dict[str, SplitShares]
    vitals_fields: tuple[str, ...] = VITALS_FIELDS
    label2id: dict[str, int] = {label: number for number, label in enumerate(DIAGNOSIS_LABELS)}
    origins: tuple[Origin, ...]
    counts: dict[str, dict[str, dict[str, int]]]


def content_sha256(rows: Sequence[Row], clusters: NDArray[np.int64], parts: Sequence[str]) -> str:
    """Hash what is learned from, in order: independent of the file format and of the library that wrote it."""
    digest = hashlib.sha256()
    for row, cluster, part in zip(rows, clusters, parts, strict=True):
        vitals = [None if np.isnan(value) else float(value) for value in row.vitals]
        labels = [row.diagnosis, row.urgency_level]
        fields = [row.source, row.text, row.group, row.language, *labels, vitals, int(cluster), part]
        digest.update(json.dumps(fields, ensure_ascii=False).encode() + b"\n")
    return digest.hexdigest()


def describe(rows: Sequence[Row], parts: Sequence[str]) -> dict[str, dict[str, dict[str, int]]]:
    """Count rows by source, split and label; a row with two labels counts for both, one without any as unlabelled."""
    counted: dict[str, dict[str, Counter[str]]] = {}
    for row, part in zip(rows, parts, strict=True):
        labels = [] if row.diagnosis is None else [row.diagnosis]
        labels += [] if row.urgency_level is None else [f"level_{row.urgency_level}"]
        counted.setdefault(row.source, {}).setdefault(part, Counter()).update(labels or ["unlabelled"])
    return {
        source: {part: dict(sorted(labels.items())) for part, labels in by_part.items()}
        for source, by_part in sorted(counted.items())
    }
