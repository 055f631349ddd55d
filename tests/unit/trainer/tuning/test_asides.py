"""What is put around a text in training, and that evaluation puts something else around it."""

import re
from collections import Counter
from random import Random

import numpy as np

from streams.adapters.red_flag_rules import load_red_flag_screen
from tests.unit.trainer.tiny import row
from trainer.evaluation import bias, edits, naming
from trainer.tuning.asides import pool, put_around
from trainer.tuning.augment import vary
from trainer.tuning.config import Augmentation

TEXT = "Tightness across the chest since noon"
LISTS = ("greetings", "frames", "introductions", "sentences", "first_names", "surnames")


def test_the_text_stays_whole_and_something_stands_around_it() -> None:
    random = Random(1)
    told = [put_around(TEXT, random) for _ in range(500)]
    assert all(TEXT in one for one in told)
    assert all(len(one) > len(TEXT) for one in told)
    assert len(set(told)) > 200
    assert any(one.startswith(TEXT) for one in told)
    assert any(one.endswith(TEXT) for one in told)


def test_a_name_is_as_often_what_de_identification_leaves_of_it() -> None:
    random = Random(1)
    told = [put_around(TEXT, random) for _ in range(4000)]
    removed = sum("[NAME]" in one for one in told)
    named = sum(any(re.search(rf"{name}\b", one) for name in pool("surnames")) for one in told)
    assert removed > 400
    assert 0.8 < named / removed < 1.25


def test_texts_are_chosen_by_the_share() -> None:
    rng = np.random.default_rng(1)
    varied = vary([row(TEXT)] * 1000, Augmentation(asides=0.4), rng)
    counted = Counter(one.text == TEXT for one in varied)
    assert abs(counted[False] / 1000 - 0.4) < 0.05


def test_nothing_that_evaluation_puts_around_a_text_is_trained() -> None:
    judged = [
        *edits.IRRELEVANT,
        *edits._FRAMES,
        *edits._GREETINGS,
        *bias._DIALECTS.values(),
        bias._PLAIN,
        *naming._WAYS,
    ]
    said = {_words(one) for one in judged} - {""}
    trained = {
        _words(one) for name in ("greetings", "frames", "introductions", "sentences") for one in pool(name)
    }
    assert not said & trained
    names = {part for name in naming._FULL_NAMES for part in name.split()}
    assert not names & {*pool("first_names"), *pool("surnames")}


def test_training_speaks_of_other_subjects_than_evaluation() -> None:
    subjects = re.compile(
        r"park|rain|snow|weather|\bbus\b|taxi|\bcars?\b|drove|train\b|phone|batter|neighbou?r|receptionist|address|registered"
        r"|\bflat\b|moved|reply|message",
        re.IGNORECASE,
    )
    assert all(subjects.search(one) for one in edits.IRRELEVANT)
    assert not [one for one in pool("sentences") if subjects.search(one)]


def test_no_rule_hears_an_emergency_in_an_aside() -> None:
    screen = load_red_flag_screen()
    told = [one for name in ("greetings", "frames", "introductions", "sentences") for one in pool(name)]
    assert not [one for one in told if screen.screen(one, pregnant=None, age_years=None)]


def test_no_list_names_anything_twice() -> None:
    for name in LISTS:
        assert len(set(pool(name))) == len(pool(name)), name


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", re.sub(r"\{\w*\}", " ", text).lower()))
