"""A paraphrase that no longer says what its text says is discarded."""

import pytest

from trainer.paraphrase.guards import Fault, fact_changed, fault_of, is_english


@pytest.mark.parametrize(
    ("text", "paraphrase"),
    [
        ("I have had a headache since yesterday.", "Since yesterday I have been having headaches."),
        ("No chest pain, a cough for two days.", "There isn't any chest pain, a cough for 2 days."),
        ("denies chest pain", "has no chest pain"),
        ("no sign of a rash", "without a rash"),
        ("I can't breathe well at night", "I'm unable to breathe well during the night"),
        ("BP 120/80, HR 95 bpm, 45 yo", "blood pressure 120/80, pulse 95 bpm, 45-year-old"),
        ("a significant swelling", "a considerable swelling"),
        ("38.5 °C since Monday", "since Monday 38.5 degrees"),
        ("took 5mg of it", "I took 5 mg of that"),
    ],
)
def test_other_words_for_the_same_are_kept(text: str, paraphrase: str) -> None:
    assert fault_of(text, paraphrase) is None


@pytest.mark.parametrize(
    ("text", "paraphrase", "fault"),
    [
        ("a rash", "", Fault.EMPTY),
        ("a rash", " . ", Fault.EMPTY),
        ("a rash", "A  rash!", Fault.UNCHANGED),
        ("I have a headache since then", "Ich habe seit gestern starke Kopfschmerzen", Fault.FOREIGN),
        ("a rash on my arm", "a rash on my arm on my arm on my arm", Fault.LENGTH),
        ("a rash on my arm, and a cough since then", "a rash", Fault.LENGTH),
        ("I take 5 mg of warfarin", "I take 50 mg of warfarin", Fault.NUMBER),
        ("I take 5 mg of warfarin", "I take 5 g of warfarin", Fault.NUMBER),
        ("I take 5 mg of warfarin", "I take warfarin every day", Fault.NUMBER),
        ("a cough for three days", "a cough for three weeks", Fault.NUMBER),
        ("a cough for two days", "a cough for three days", Fault.NUMBER),
        ("my saturation is 91 %", "my saturation is 9.1 %", Fault.NUMBER),
        ("heart rate 120, pain 3", "pain 3, heart rate 102", Fault.NUMBER),
        ("No chest pain, only a cough.", "Chest pain, and a cough only.", Fault.NEGATION),
        ("I have chest pain and a cough", "I have a cough and don't have chest pain", Fault.NEGATION),
        ("denies chest pain", "does not deny chest pain", Fault.NEGATION),
        ("I can't move my left arm", "I can move my left arm", Fault.NEGATION),
        ("negative for influenza", "influenza for sure", Fault.NEGATION),
        ("I have a fever but no cough", "I have a cough but no fever", Fault.FINDING),
        ("Chest pain 2 years ago, nausea today", "Nausea 2 years ago, chest pain today", Fault.FINDING),
        ("My heart burns when I have eaten", "I have crushing chest pain after eating", Fault.RED_FLAG),
    ],
)
def test_what_says_something_else_is_discarded(text: str, paraphrase: str, fault: Fault) -> None:
    assert fault_of(text, paraphrase) is fault


def test_what_a_file_is_checked_for_again_is_negations_and_numbers_alone() -> None:
    assert fact_changed("no cough", "a cough") is Fault.NEGATION
    assert fact_changed("2 pills", "3 pills") is Fault.NUMBER
    assert fact_changed("My heart burns", "crushing chest pain") is None


def test_english_is_what_nobody_can_call_otherwise() -> None:
    assert is_english("abd pain", None)
    assert is_english("abd pain", "en-GB")
    assert not is_english("abd pain", "fr")
    assert not is_english("我头痛两天了", None)
