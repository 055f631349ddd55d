"""The stream of generated messages: deterministic, clean, varied, balanced, and without giveaways."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from functools import cache

import pytest

from trainer.corpus import CONDITIONS, CorpusMessage, generate
from trainer.corpus.generate import DIAGNOSIS_SHARES, VOICE_SHARES
from trainer.corpus.model import DIAGNOSES, LEVELS

_LEFTOVER = re.compile(r"[{}\[\]@~^#|]|//|  |\bNone\b|,,|\.\.(?!\.)| [,.;]")
_VITALS = {
    "heart_rate_bpm",
    "respiratory_rate_bpm",
    "systolic_bp_mmhg",
    "diastolic_bp_mmhg",
    "temperature_c",
    "spo2_percent",
    "supplemental_oxygen",
    "pain_score",
    "consciousness",
}


@cache
def _sample() -> tuple[CorpusMessage, ...]:
    return tuple(generate(5_000, seed=20))


@cache
def _english() -> tuple[CorpusMessage, ...]:
    return tuple(generate(5_000, seed=21, language="en"))


def test_the_same_seed_gives_the_same_messages_whatever_the_count() -> None:
    assert list(generate(50, seed=3)) == list(generate(80, seed=3))[:50]


def test_another_seed_gives_other_messages() -> None:
    assert [m.text for m in generate(50, seed=3)] != [m.text for m in generate(50, seed=4)]


def test_no_message_carries_an_unfilled_slot_or_stray_punctuation() -> None:
    assert [m.text for m in (*_sample(), *_english()) if _LEFTOVER.search(m.text)] == []


def test_at_least_nine_in_ten_texts_are_distinct() -> None:
    assert len({m.text for m in _sample()}) >= 0.9 * len(_sample())


def test_diagnoses_levels_and_voices_come_in_the_declared_shares() -> None:
    count = len(_sample())
    diagnoses = Counter(m.diagnosis for m in _sample())
    levels = Counter(m.urgency_level for m in _sample())
    for name, share in DIAGNOSIS_SHARES.items():
        assert diagnoses[name] / count == pytest.approx(share, abs=0.03)
    for level, share in zip(LEVELS, (0.08, 0.22, 0.32, 0.24, 0.14), strict=True):
        assert levels[level] / count == pytest.approx(share, abs=0.03)
    assert {m.voice for m in _sample()} == set(VOICE_SHARES)


def test_a_requested_language_is_the_only_one() -> None:
    chinese = list(generate(300, seed=5, language="zh"))
    assert {m.language for m in chinese} == {"zh"}
    assert all(re.search(r"[\u4e00-\u9fff]", m.text) for m in chinese)
    assert {m.diagnosis for m in chinese} == set(DIAGNOSES)
    assert not any(re.search(r"[\u4e00-\u9fff]", m.text) for m in _english())


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="language"):
        next(generate(1, seed=1, language="fr"))


@pytest.mark.parametrize(
    ("word", "highest_share"),
    [
        ("cancer", 0.6),
        ("tumou?r", 0.75),
        ("lump", 0.6),
        ("diabet", 0.75),
        ("thirst", 0.75),
        ("hypertension|blood pressure", 0.7),
        (r"\bbp\b", 0.8),
        ("heart", 0.75),
        ("chest pain", 0.6),
        ("palpitation", 0.6),
        ("weight", 0.6),
    ],
)
def test_no_word_gives_the_diagnosis_away(word: str, highest_share: float) -> None:
    with_word = [m.diagnosis for m in _english() if re.search(word, m.text, re.IGNORECASE)]
    assert len(with_word) >= 20
    assert max(Counter(with_word).values()) / len(with_word) <= highest_share


def test_length_and_structured_vitals_say_nothing_about_the_diagnosis() -> None:
    words: dict[str, list[int]] = defaultdict(list)
    measured: dict[str, list[bool]] = defaultdict(list)
    for message in _english():
        words[message.diagnosis].append(len(message.text.split()))
        measured[message.diagnosis].append(message.vitals is not None)
    means = [sum(counts) / len(counts) for counts in words.values()]
    shares = [sum(flags) / len(flags) for flags in measured.values()]
    assert max(means) < 1.35 * min(means)
    assert max(shares) - min(shares) < 0.1


def test_texts_range_from_bare_complaints_to_long_stories() -> None:
    lengths = sorted(len(m.text.split()) for m in _english())
    assert lengths[len(lengths) // 50] <= 3
    assert lengths[-1] >= 80


def test_vitals_use_the_keys_of_the_contract_and_each_can_be_missing() -> None:
    with_vitals = [m.vitals for m in _sample() if m.vitals is not None]
    assert {key for vitals in with_vitals for key in vitals} == _VITALS
    assert all(any(key not in vitals for vitals in with_vitals) for key in _VITALS)


def test_a_lead_phrase_shared_by_messages_shares_their_family() -> None:
    by_text: dict[str, set[str]] = defaultdict(set)
    for message in (*_sample(), *_english()):
        by_text[message.text.lower()].add(message.family.lower())
    assert sum(len(families) > 1 for families in by_text.values()) <= 0.01 * len(by_text)


def test_the_patient_speaks_only_when_able_to() -> None:
    for message in _sample():
        if message.voice == "patient" and message.vitals is not None:
            assert message.vitals.get("consciousness", "alert") in ("alert", "confusion", "voice", "pain")
            assert message.age_years is None or message.age_years >= 13


def test_history_of_a_listed_disease_occurs_in_normal_rows() -> None:
    normal = " ".join(m.text.lower() for m in _english() if m.diagnosis == "normal")
    assert all(word in normal for word in ("diabet", "cancer", "hypertension", "heart attack", "metformin"))


def test_all_conditions_come_up_in_a_long_run() -> None:
    seen = {m.condition for m in (*_sample(), *_english())}
    assert len(seen) > 0.95 * len(CONDITIONS)
