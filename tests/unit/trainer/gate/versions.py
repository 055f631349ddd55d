"""Candidates made of the committed version: copies whose settings or files differ, with a card that fits them."""

import json
import shutil
from pathlib import Path
from typing import Any

from trainer.bundle import sha256_of

__all__ = ["LIVE", "candidate"]

LIVE = Path(__file__).parents[4] / "model_repo" / "triage_bert" / "1"


def candidate(folder: Path, *, fits_card: bool = True, **settings: Any) -> Path:
    """Copy the live version as version 2; `settings` replace those of its profile or of its thresholds."""
    out = folder / "triage_bert" / "2"
    shutil.copytree(LIVE, out)
    profile = json.loads((out / "bundle.json").read_text())
    profile["version"] = "2"
    for name, value in settings.items():
        (profile["thresholds"] if name in profile["thresholds"] else profile)[name] = value
    (out / "bundle.json").write_text(json.dumps(profile))
    if fits_card:
        card = json.loads((out / "model_card.json").read_text())
        card |= {"version": "2", "files_sha256": sha256_of(out)}
        (out / "model_card.json").write_text(json.dumps(card))
    return out
