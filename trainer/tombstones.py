"""What is kept of an erasure: when, how much went, and the digest of what there was. No pseudonym."""

import json
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["add_tombstone"]


def add_tombstone(path: Path, examples: int, sha256_before: str) -> None:
    """Add a line to `path`."""
    told = {
        "erased_at": datetime.now(UTC).isoformat(),
        "examples": examples,
        "sha256_before": sha256_before,
    }
    with path.open("a", encoding="utf-8") as tombstones:
        tombstones.write(f"{json.dumps(told)}\n")
