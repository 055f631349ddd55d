"""The sources of others, where they are at hand."""

from pathlib import Path

import pytest

from trainer.data import importing
from trainer.data.leaks import find_leaks

DATA = Path(__file__).parents[5] / "shared" / "data"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not DATA.is_dir(), reason="the development data is not beside the checkout"),
]


@pytest.mark.parametrize(("source", "rows"), [("symptom2disease", 1200), ("ktas", 1267), ("medquad", 382), ("ddxplus", 49), ("toyhom", 7644)])
def test_every_row_of_a_source_is_read(source: str, rows: int) -> None:
    dataset = importing.import_public(source, DATA, seed=1)
    assert dataset.manifest.rows == rows
    assert dataset.manifest.origins[0].file_sha256 is not None
    if source != "medquad":  # whose record names a commit
        assert dataset.manifest.origins[0].file_sha256 in dataset.manifest.origins[0].provenance


def test_in_real_visits_absence_tells_the_urgency() -> None:
    uneven = {found.field: found for found in find_leaks(importing.import_public("ktas", DATA, seed=1)).uneven}
    assert uneven["spo2_percent"].urgent > uneven["spo2_percent"].others


def test_known_leaks_of_a_real_source_are_found() -> None:
    failures = find_leaks(importing.import_public("medquad", DATA, seed=1)).failures
    assert any("cancer name it" in failure for failure in failures)
