"""The language of a text: seen before told, and no code that says nothing."""

import pytest

from streams.domain.text_language import text_language


@pytest.mark.parametrize(
    ("declared", "recognised", "language"),
    [
        (None, None, None),
        ("en", None, "en"),
        (None, "es", "es"),
        ("en", "es", "es"),
        ("es", "en", "en"),
        ("en-GB", "en", "en-GB"),
        ("EN", "en", "en"),
        ("eng", None, "en"),
        ("und", None, None),
        ("mul", "en", "en"),
        ("zxx", None, None),
        ("zh-Hant", "zh", "zh-Hant"),
    ],
)
def test_what_the_text_shows_goes_before_what_was_declared(
    declared: str | None, recognised: str | None, language: str | None
) -> None:
    assert text_language(declared, recognised) == language
