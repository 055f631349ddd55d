"""Loads what travels with a model version: profile, tokenizer, domain statistics.

A version's folder holds `model.onnx`, `bundle.json` (ModelProfile), `tokenizer.json`, `domain.npz` and its card.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from streams.domain.domain_distance import DomainStatistics
from streams.domain.profile import ModelProfile
from streams.text import VITALS_FIELDS, Windower

__all__ = ["ModelBundle", "load_bundle", "load_labels"]


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
    windower = Windower.from_file(
        version_dir / "tokenizer.json",
        window_tokens=profile.window_tokens,
        overlap_tokens=profile.window_overlap_tokens,
    )
    with np.load(version_dir / "domain.npz") as arrays:
        domain = DomainStatistics(mean=arrays["mean"], whitening=arrays["whitening"])
    return ModelBundle(profile, windower, domain)


def load_labels(version_dir: Path) -> tuple[str, ...]:
    """Read the label set alone. Raises ValueError where the folder holds no valid bundle."""
    return ModelProfile.model_validate_json((version_dir / "bundle.json").read_bytes()).labels
