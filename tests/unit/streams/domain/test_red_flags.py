"""Red flags: every rule fires where it must, stays silent where it must, and points at its words."""

import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import RedFlag
from streams.adapters.red_flag_rules import load_red_flag_rules, load_red_flag_screen
from streams.domain.normalized_text import Spelling, normalize
from streams.domain.phrases import PhraseIndex, compile_phrase
from streams.domain.red_flags import RedFlagRule, RedFlagRules, RedFlagScreen

CASES: dict[str, dict[str, list[str]]] = tomllib.loads(
    (Path(__file__).parent / "red_flag_cases.toml").read_text(encoding="utf-8")
)
MESSAGES: dict[str, list[str]] = tomllib.loads(
    (Path(__file__).parent / "red_flag_messages.toml").read_text(encoding="utf-8")
)
SCREEN = load_red_flag_screen()
FIRING = [(rule_id, text) for rule_id, case in CASES.items() for text in case["fires"]]
SILENT = [(rule_id, text) for rule_id, case in CASES.items() for text in case["silent"]]
MAX_SECONDS_FOR_A_LONG_TEXT = 2.0


def flags(text: str, *, pregnant: bool | None = None, age_years: float | None = None) -> tuple[RedFlag, ...]:
    return SCREEN.screen(text, pregnant=pregnant, age_years=age_years)


def fired(text: str, *, pregnant: bool | None = None, age_years: float | None = None) -> set[str]:
    return {flag.rule_id for flag in flags(text, pregnant=pregnant, age_years=age_years)}


@pytest.mark.parametrize(("rule_id", "text"), FIRING)
def test_fires(rule_id: str, text: str) -> None:
    assert rule_id in fired(text)


@pytest.mark.parametrize(("rule_id", "text"), SILENT)
def test_stays_silent(rule_id: str, text: str) -> None:
    assert rule_id not in fired(text)


@pytest.mark.parametrize("text", MESSAGES["level_1"] + MESSAGES["telegraphic_level_1"])
def test_a_resuscitation_case_is_level_one(text: str) -> None:
    assert min((flag.level_floor for flag in flags(text)), default=6) == 1


@pytest.mark.parametrize("text", MESSAGES["level_2"] + MESSAGES["telegraphic_level_2"])
def test_an_emergency_is_level_two_at_least(text: str) -> None:
    assert min((flag.level_floor for flag in flags(text)), default=6) <= 2


@pytest.mark.parametrize("text", MESSAGES["not_level_2"])
def test_what_is_denied_past_asked_or_a_relatives_is_no_emergency(text: str) -> None:
    assert min((flag.level_floor for flag in flags(text)), default=6) > 2


def test_every_rule_has_two_examples_of_each_kind() -> None:
    assert set(CASES) == {rule.rule_id for rule in SCREEN.rules}
    assert all(len(case["fires"]) >= 2 and len(case["silent"]) >= 2 for case in CASES.values())


def test_every_rule_names_a_guideline_and_an_urgent_floor() -> None:
    assert all(rule.guideline and rule.level_floor in {1, 2, 3} for rule in SCREEN.rules)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Since noon:  crushing\n chest pain", "crushing\n chest pain"),
        ("“I can’t breathe”", "can’t breathe"),
        ("he had a siezure.", "siezure"),
        ("😀 CP — SOB", "CP"),
        ("İİ chest\u00a0pain", "chest\u00a0pain"),
        ("slurred\u2011speech", "slurred\u2011speech"),
        ("她突然昏迷了", "昏迷"),
        ("胸口壓榨性胸痛", "胸口壓榨"),
    ],
)
def test_offsets_point_at_the_words_of_the_given_text(text: str, words: str) -> None:
    assert words in {text[flag.start : flag.end] for flag in flags(text)}


def _with_apostrophes(texts: set[str]) -> Iterator[str]:
    """Slips of the apostrophe: between two words, behind each word, around each word."""
    for number, text in enumerate(sorted(texts)):
        words = text.split(" ")
        place = number % len(words)
        yield text
        yield " ".join(words[:place]) + "'" + " ".join(words[place:])
        yield " ".join(f"{word}'s" for word in words)
        yield " ".join(f"\u2018{word}\u2019" for word in words)


@pytest.mark.parametrize(
    ("text", "rule_id"),
    [
        ("She is'not breathing!", "not_breathing"),
        ("I'can't breathe", "severe_breathing_difficulty"),
        ("pain in chest and arm's", "acute_coronary_syndrome"),
        ("sudden weakness of arm's and leg's", "stroke"),
        ("gcs 13's", "altered_mental_state"),
    ],
)
def test_a_slip_of_the_apostrophe_hides_nothing(text: str, rule_id: str) -> None:
    assert rule_id in fired(text)


def test_a_phrase_that_is_not_tried_would_not_have_matched() -> None:
    rules = load_red_flag_rules()
    phrases = {rule.rule_id: rule.phrases for rule in rules.rules} | dict(rules.concepts)
    compiled = {name: [compile_phrase(p, rules.vocabulary) for p in ps] for name, ps in phrases.items()}
    index, spelling = PhraseIndex(compiled), Spelling(rules.corrected_words, rules.kept_words)
    missed = []
    for text in _with_apostrophes({text for _, text in FIRING + SILENT}):
        normal = normalize(text, spelling).text
        tried = index.candidates(normal)
        missed += [
            (text, phrase.pattern.pattern)
            for name, group in compiled.items()
            for phrase in group
            if phrase.pattern not in tried.get(name, ()) and phrase.pattern.search(normal)
        ]
    assert not missed


@given(st.sampled_from([text for _, text in FIRING]), st.sampled_from([text for _, text in FIRING]))
@settings(max_examples=200, deadline=None)
def test_another_sentence_never_makes_a_case_less_urgent(first: str, second: str) -> None:
    alone = min((flag.level_floor for flag in flags(first)), default=6)
    together = min((flag.level_floor for flag in flags(f"{first}. {second}")), default=6)
    assert together <= alone


@given(st.text(max_size=300), st.sampled_from([text for _, text in FIRING]))
@settings(max_examples=150, deadline=None)
def test_any_text_is_screened_and_offsets_stay_inside(noise: str, text: str) -> None:
    whole = f"{noise}。{text}"
    assert all(0 <= flag.start < flag.end <= len(whole) for flag in flags(whole))


@pytest.mark.parametrize(
    "context",
    [
        "No fever. ",
        "Denies cough; ",
        "History of asthma.\n",
        "My mother had diabetes. ",
        "What should I do? ",
        "No idea why: ",
        "Not sure. ",
        "没有发烧。",
        "No allergies, takes no medication and ",
        "I have no insurance but ",
        "今天没吃饭，",
        "PMH of knee replacement, ",
        "no past medical history, ",
        "No allergies or meds, ",
        "no allergies / ",
        "no fever or chills, ",
        "denies allergies, ",
        "ruled out PE last week, ",
        "never had this before, ",
        "How to treat this, ",
        "Dad had a bypass, ",
        "hernia repair 3 years ago, ",
        "relatives report ",
        "没有食欲和精神，",
        "既往高血压、糖尿病，",
        "家族史无特殊，",
        "是不是",
    ],
)
def test_a_neighbouring_statement_silences_nothing(context: str) -> None:
    silenced = [(rule_id, text) for rule_id, text in FIRING if rule_id not in fired(context + text)]
    assert silenced == []


@pytest.mark.parametrize(
    ("text", "affirmed"),
    [
        ("I'm choking, cannot", "airway_obstruction"),
        ("SEIZURE!!!", "seizure"),
        ("chest-pain", "chest_pain"),
        ("CHEST   PAIN", "chest_pain"),
        ("chest\r\npain", "chest_pain"),
        ("chest\u200bpain chest pain", "chest_pain"),
    ],
)
def test_spelling_and_layout_do_not_hide_a_flag(text: str, affirmed: str) -> None:
    assert affirmed in fired(text)


@pytest.mark.parametrize(
    "text", ["I was cooking dinner", "a seating plan", "on selling my car", "my cpap", "parachest painting"]
)
def test_similar_words_are_no_flags(text: str) -> None:
    assert fired(text) == set()


def test_a_known_pregnancy_completes_a_rule() -> None:
    assert "pregnancy_bleeding_or_pain" in fired("lower abdominal pain", pregnant=True)
    assert "pregnancy_bleeding_or_pain" not in fired("lower abdominal pain", pregnant=False)


def test_a_known_age_completes_a_rule() -> None:
    assert "fever_under_three_months" in fired("has a fever", age_years=0.1)
    assert "fever_under_three_months" not in fired("has a fever", age_years=0.3)


def test_the_most_urgent_flag_comes_first() -> None:
    assert [flag.level_floor for flag in flags("chest pain, vomiting blood, now not breathing")] == [1, 2, 3]


@pytest.mark.parametrize(
    "unit",
    [
        "no chest pain, ",
        "chest pain ",
        "denies ",
        "not ",
        "a",
        " ",
        "胸痛",
        "没有",
        "if i get ",
        "my father had ",
        "'",
        "a'",
        "chest'pain'",
    ],
)
def test_a_long_text_is_screened_in_bounded_time(unit: str) -> None:
    text = (unit * 10_000)[:10_000]
    started_s = time.process_time()
    flags(text)
    assert time.process_time() - started_s < MAX_SECONDS_FOR_A_LONG_TEXT


def test_an_unknown_concept_is_refused() -> None:
    rule = RedFlagRule("x", 2, "none", ("pain",), with_any=("nothing",))
    with pytest.raises(ValueError, match="nothing"):
        RedFlagScreen(RedFlagRules((rule,)))
