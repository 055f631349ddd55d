from collections import Counter
from dataclasses import replace

import numpy as np

from tests.unit.trainer.tiny import row
from trainer.tuning.augment import synonyms, vary
from trainer.tuning.config import Augmentation, Paraphrases

TEXT = "Chest pain and shortness of breath since this morning, and I have been feeling unwell for two days."


def test_nothing_is_drawn_where_nothing_is_to_be_varied() -> None:
    rng = np.random.default_rng(1)
    before = rng.bit_generator.state
    rows = [row(TEXT)]
    assert vary(rows, Augmentation(), rng) == rows
    assert rng.bit_generator.state == before


def test_texts_vary_anew_each_time_and_everything_else_stays() -> None:
    rng, original = np.random.default_rng(1), row(TEXT, diagnosis="heart_disease", heart_rate_bpm=99)
    varied = [vary([original], Augmentation(typos=1.0, synonyms=1.0), rng)[0] for _ in range(20)]
    assert len({one.text for one in varied}) > 10
    assert {(one.diagnosis, one.group) for one in varied} == {("heart_disease", original.group)}
    assert all(one.vitals is original.vitals for one in varied)


def test_a_synonym_stands_for_one_finding_only_and_is_never_itself() -> None:
    table = synonyms()
    assert len(table) > 500
    assert all(phrase not in others for phrase, others in table.items())
    assert all(
        phrase in table[other] for phrase, others in table.items() for other in others if other in table
    )


def test_the_same_seed_varies_the_same() -> None:
    both = [
        vary([row(TEXT)], Augmentation(typos=0.5, synonyms=0.5), np.random.default_rng(3))[0].text
        for _ in range(2)
    ]
    assert both[0] == both[1]


def test_paraphrases_are_drawn_by_their_share_and_the_same_seed_draws_the_same() -> None:
    others = ("My chest hurts.", "There is a pain in my chest.")
    rows = [replace(row(TEXT), paraphrases=others)] * 400
    settings = Augmentation(paraphrases=Paraphrases(file="f", share=0.5))
    both = [[one.text for one in vary(rows, settings, np.random.default_rng(3))] for _ in range(2)]
    assert both[0] == both[1]
    drawn = Counter(both[0])
    assert drawn.keys() == {TEXT, *others}
    assert all(
        abs(drawn[text] / 400 - share) < 0.08 for text, share in ((TEXT, 0.5), *((o, 0.25) for o in others))
    )


def test_a_row_without_paraphrases_is_varied_as_if_there_were_none_at_all() -> None:
    plain = Augmentation(typos=0.5, synonyms=0.5)
    beside = plain.model_copy(update={"paraphrases": Paraphrases(file="f", share=1.0)})
    before, after = (
        [one.text for one in vary([row(TEXT)] * 30, settings, np.random.default_rng(3))]
        for settings in (plain, beside)
    )
    assert before == after
    assert len(set(before)) > 10
