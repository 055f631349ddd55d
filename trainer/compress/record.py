"""`compressed.json`: which version is which variant, what was measured of it, and the run that all come from."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trainer.runs import Interval

__all__ = ["FILE", "Compressed", "CompressedVersion", "NotCompressed", "read_compressed", "write_compressed"]

FILE = "compressed.json"


class NotCompressed(ValueError):
    """The folder holds no readable `compressed.json`."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CompressedVersion(_Record):
    """One variant. Figures are over all rows of the test split, the graph asked one sequence at a time."""

    version: str
    variant: str
    parameters: int
    layers: int
    graph_mb: float = Field(description="Megabytes (10^6 bytes) of model.onnx.")
    macro_f1: Interval | None = Field(description="Of the diagnosis; None: no test row is labelled.")
    qwk: Interval | None = Field(description="Of the urgency.")


class Compressed(_Record):
    """All variants of one run."""

    run: str
    data_sha256: str
    rows: int = Field(description="Of the test split.")
    versions: tuple[CompressedVersion, ...]


def read_compressed(folder: Path) -> Compressed:
    """Read what `triage compress` wrote. Raises NotCompressed."""
    try:
        return Compressed.model_validate_json((folder / FILE).read_bytes())
    except FileNotFoundError:
        raise NotCompressed(f"{folder}: no {FILE}; `triage compress` writes it") from None
    except ValidationError:
        raise NotCompressed(f"{folder / FILE}: not a record of compressed versions") from None


def write_compressed(record: Compressed, folder: Path) -> None:
    """Write `compressed.json`."""
    (folder / FILE).write_text(record.model_dump_json(indent=1) + "\n", encoding="utf-8")
