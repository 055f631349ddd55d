"""Conjugation, timing and noise."""

from __future__ import annotations

from random import Random

import pytest

from trainer.corpus.noise import roughen, spell_for_region, tidy
from trainer.corpus.person import Person, Telling
from trainer.corpus.timing import draw_timing

_WOMAN = Person(62, "female", None)


@pytest.mark.parametrize(
    ("notation", "own", "told"),
    [
        ("@ [have/has] hurt ~ foot", "I have hurt my foot", "my mum has hurt her foot"),
        (
            "~ chest hurts and @ [am/is] sick",
            "my chest hurts and I am sick",
            "my mum's chest hurts and she is sick",
        ),
        ("a wasp stung ^", "a wasp stung me", "a wasp stung my mum"),
        ("@ [keep/keeps] to #", "I keep to myself", "my mum keeps to herself"),
    ],
)
def test_a_phrase_is_conjugated_for_its_teller(notation: str, own: str, told: str) -> None:
    assert Telling(_WOMAN, {}, Random(1), relation=None).render(notation) == own
    assert Telling(_WOMAN, {}, Random(1), relation="my mum").render(notation) == told


def test_numbers_in_the_text_are_those_of_the_vital_signs() -> None:
    vitals = {"systolic_bp_mmhg": 182.0, "diastolic_bp_mmhg": 104.0, "heart_rate_bpm": 71.0}
    telling = Telling(_WOMAN, dict(vitals), Random(1), relation=None)
    assert telling.render("{bp}, pulse {hr}") == "182/104, pulse 71"


def test_an_unknown_slot_is_an_error() -> None:
    with pytest.raises(KeyError):
        Telling(_WOMAN, {}, Random(1), relation=None).render("{mood:1-2}")


def test_a_request_has_no_duration() -> None:
    assert draw_timing(("none",), Random(1)) is None


@pytest.mark.parametrize(
    ("rough", "tidied"),
    [("a  b ,c", "a b,c"), ("end..", "end."), ("really?.", "really?"), ("one,. two", "one. two")],
)
def test_tidy_leaves_one_space_and_one_mark(rough: str, tidied: str) -> None:
    assert tidy(rough) == tidied


def test_spelling_follows_the_region() -> None:
    assert spell_for_region("diarrhea and anemia", british=True) == "diarrhoea and anaemia"
    assert spell_for_region("diarrhoea and anaemia", british=False) == "diarrhea and anemia"
    assert spell_for_region("colorectal", british=True) == "colorectal"


def test_some_texts_stay_as_written_and_some_get_slips() -> None:
    text = "My stomach has been hurting since yesterday evening and nothing helps."
    typed = [roughen(text, Random(seed), clinician=False) for seed in range(200)]
    assert typed.count(text) > 40
    assert len(set(typed)) > 15
