"""The reference names every setting, and no other."""

import re
from pathlib import Path

from streams.settings import Settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"


def test_the_reference_names_every_setting_and_no_other() -> None:
    rows = [
        line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("| `TRIAGE_")
    ]
    named = {name for row in rows for name in re.findall(r"`TRIAGE_([A-Z_]+)`", row.split("|")[1])}
    assert named == {name.upper() for name in Settings.model_fields}
