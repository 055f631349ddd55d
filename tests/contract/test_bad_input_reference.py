"""docs/reference/bad-input.md shows the table that the integration tests play."""

from pathlib import Path

from tests.integration.bad_input import markdown

DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "bad-input.md"


def test_the_documentation_shows_the_tested_table() -> None:
    assert markdown() in DOCUMENT.read_text(encoding="utf-8"), "copy the output of bad_input.markdown()"
