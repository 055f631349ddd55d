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


@pytest.mark.parametrize(("source", "rows"), [("symptom2disease", 1200), ("ktas", 1267), ("medquad", 382)])
def test_every_row_of_a_source_is_read(source: str, rows: int) -> None:
    assert importing.import_public(source, DATA, seed=1).manifest.rows == rows


def test_known_leaks_of_a_real_source_are_found() -> None:
    failures = find_leaks(importing.import_public("medquad", DATA, seed=1)).failures
    assert any("cancer name it" in failure for failure in failures)
