"""Normalisation keeps the way back to the original."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.normalized_text import Spelling, normalize
from streams.domain.phrases import compile_phrase

SPELLING = Spelling(["seizure", "breathing", "choking"], keep=["breather"])


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("siezure", "seizure"),
        ("seizre", "seizure"),
        ("seizzure", "seizure"),
        ("seizures", "seizures"),
        ("seizure", "seizure"),
        ("breather", "breather"),
        ("cooking", "cooking"),
        ("coking", "choking"),
        ("x" * 5000, "x" * 5000),
    ],
)
def test_one_slip_of_the_finger_is_put_right(word: str, expected: str) -> None:
    assert SPELLING.correct(word) == expected


@given(st.text())
def test_an_original_span_is_never_outside_the_original(text: str) -> None:
    normal = normalize(text, SPELLING)
    for start in range(len(normal.text)):
        low, high = normal.original_span(start, start + 1)
        assert 0 <= low < high <= len(text)


def test_text_around_edits_maps_to_itself() -> None:
    text = "A  siezure\r\n\r\n  then Ｂ"
    normal = normalize(text, SPELLING)
    assert normal.text == "a seizure\nthen b"
    start = normal.text.index("then")
    assert text[slice(*normal.original_span(start, start + 4))] == "then"
    start = normal.text.index("seizure")
    assert text[slice(*normal.original_span(start, start + 7))] == "siezure"


@pytest.mark.parametrize("phrase", ["<nothing> pain", "mi* pain", "pain [mild]"])
def test_a_faulty_phrase_is_refused(phrase: str) -> None:
    with pytest.raises(ValueError, match=r"vocabulary|stem|optional"):
        compile_phrase(phrase, {})
