"""Loads what travels with a model version: profile, tokenizer, domain statistics.

A version's folder holds `model.onnx`, `bundle.json` (ModelProfile), `tokenizer.json`, `domain.npz` and its card.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from streams.domain.domain_distance import DomainStatistics
from streams.domain.profile import ModelProfile
from streams.errors import VersionUnusable
from streams.text import VITALS_FIELDS, Windower

__all__ = ["ModelBundle", "content_sha256", "load_bundle", "load_labels", "read_domain"]

_CACHES = "__pycache__"


@dataclass(frozen=True, slots=True)
class ModelBundle:
    """Everything that must come from the same version as the answers it interprets."""

    profile: ModelProfile
    windower: Windower
    domain: DomainStatistics


def load_bundle(version_dir: Path) -> ModelBundle:
    """Read one version's folder. Raises ValueError where it is not what its folder says it is."""
    profile = ModelProfile.model_validate_json((version_dir / "bundle.json").read_bytes())
    if profile.vitals_fields != VITALS_FIELDS:
        raise ValueError(f"{version_dir.name}: vitals layout differs from this code's")
    if (profile.name, profile.version) != (version_dir.parent.name, version_dir.name):
        raise ValueError(f"{version_dir.name}: the bundle names another model or version")
    try:
        windower = Windower.from_file(
            version_dir / "tokenizer.json",
            window_tokens=profile.window_tokens,
            overlap_tokens=profile.window_overlap_tokens,
        )
    except Exception:  # noqa: BLE001 - the tokenizers library raises nothing more specific
        raise ValueError(f"{version_dir.name}: tokenizer.json cannot be read") from None
    return ModelBundle(profile, windower, read_domain(version_dir))


def read_domain(version_dir: Path) -> DomainStatistics:
    """Read `domain.npz`; versions made before there were directions hold none."""
    with np.load(version_dir / "domain.npz") as arrays:
        return DomainStatistics(
            mean=arrays["mean"],
            whitening=arrays["whitening"],
            **{name: arrays[name] for name in ("centre", "directions") if name in arrays},
        )


def load_labels(version_dir: Path) -> tuple[str, ...]:
    """Read the label set alone. Raises ValueError where the folder holds no valid bundle."""
    return ModelProfile.model_validate_json((version_dir / "bundle.json").read_bytes()).labels


def content_sha256(version_dir: Path) -> str:
    """Return the digest of a version: over the relative names and digests of all its files, in order of their names.

    Raises VersionUnusable where there are none.
    """
    files = sorted(path for path in version_dir.rglob("*") if path.is_file() and _CACHES not in path.parts)
    if not files:
        raise VersionUnusable(f"no files of version {version_dir.name}")
    total = hashlib.sha256()
    for path in files:
        with path.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        total.update(f"{path.relative_to(version_dir).as_posix()}\0{digest}\n".encode())
    return total.hexdigest()
