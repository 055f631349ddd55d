"""Writes a version's folder, as `streams.adapters.model_bundle` reads it."""

import hashlib
from dataclasses import fields
from pathlib import Path

import numpy as np

from streams.domain.domain_distance import DomainStatistics
from streams.domain.profile import ModelProfile

__all__ = ["FILES", "sha256_of", "write_domain", "write_profile"]

FILES = ("model.onnx", "bundle.json", "tokenizer.json", "domain.npz")
"""What the card's hashes cover."""


def write_profile(profile: ModelProfile, version_dir: Path) -> None:
    """Write `bundle.json`."""
    (version_dir / "bundle.json").write_text(profile.model_dump_json(indent=2) + "\n", encoding="utf-8")


def write_domain(statistics: DomainStatistics, version_dir: Path) -> None:
    """Write `domain.npz`; nearly a megabyte."""
    arrays = {field.name: getattr(statistics, field.name) for field in fields(statistics)}
    np.savez(
        version_dir / "domain.npz", **{name: array for name, array in arrays.items() if array is not None}
    )


def sha256_of(version_dir: Path) -> dict[str, str]:
    """Return the digest of each of `FILES`."""
    return {name: hashlib.sha256((version_dir / name).read_bytes()).hexdigest() for name in FILES}
