"""The leak check finds what was planted, and is silent without it."""

from dataclasses import replace

import numpy as np
import pytest

from streams.text import VITALS_FIELDS
from tests.unit.trainer.tiny import row
from trainer.data import importing
from trainer.data.dataset import Dataset, make_dataset
from trainer.data.leaks import find_leaks, told_leaks
from trainer.data.manifest import Origin
from trainer.data.missing import Uneven
from trainer.data.rows import NO_VITALS, Row
from trainer.data.splits import Shares
from trainer.train import data_warnings

ORIGIN = Origin(source="here", description="", provenance="", licence="")
SHARES = Shares(calibration=0.15, test=0.2)


def corpus_rows(count: int = 300) -> list[Row]:
    return list(importing.write_corpus("corpus", count, seed=2).rows)


def planted(rows: list[Row], label: str, words: str) -> Dataset:
    changed = [replace(row, text=f"{row.text} {words}") if row.diagnosis == label else row for row in rows]
    return make_dataset(changed, [ORIGIN], shares=SHARES, seed=1)


def test_the_written_corpus_has_no_leak() -> None:
    report = find_leaks(importing.write_corpus("corpus", 600, seed=4))
    assert report.failures == ()
    assert report.source_accuracy is None


@pytest.mark.parametrize("words", ["zorblax", "[DISEASE]", "___"])
def test_what_stands_in_the_place_of_a_masked_name_is_found(words: str) -> None:
    assert find_leaks(planted(corpus_rows(), "diabetes", words)).failures


def some_planted(share: float, words: str) -> Dataset:
    """In the first rows of diabetes."""
    rows = corpus_rows()
    having = [one for one in rows if one.diagnosis == "diabetes"]
    chosen = set(map(id, having[: round(share * len(having))]))
    changed = [replace(one, text=f"{one.text} {words}") if id(one) in chosen else one for one in rows]
    return make_dataset(changed, [ORIGIN], shares=SHARES, seed=1)


def test_a_word_in_less_than_half_of_a_label_and_nowhere_else_is_to_be_mended() -> None:
    failures = find_leaks(some_planted(0.45, "zorblax")).failures
    assert any("'zorblax' stands in 4" in failure for failure in failures)


def test_a_word_in_a_fifth_of_a_label_may_be_its_own_and_is_told() -> None:
    report = find_leaks(some_planted(0.2, "zorblax"))
    assert report.failures == ()
    assert any("'zorblax' (2" in told and "in diabetes" in told for told in told_leaks(report))


def test_a_word_that_nearly_all_rows_have_gives_no_label_away() -> None:
    """Of 400 rows 390 are normal: what they say in 39 of 40 rows has a precision of 0.975 by their number alone."""
    rows = [row(f"I am unwell {number} {number * 7}", group=str(number)) for number in range(390)]
    rows += [row(f"I am unwell {n} {n * 11}", group=f"s{n}", diagnosis="cancer") for n in range(390, 400)]
    assert find_leaks(make_dataset(rows, [ORIGIN], shares=SHARES, seed=1)).suspects == ()


def test_what_stands_in_every_text_of_one_source_and_in_none_of_another_is_to_be_mended() -> None:
    rows = corpus_rows()
    marked = [replace(one, source="ward", text=f"{one.text} quillon") for one in corpus_rows(400)[300:]]
    plain = [replace(one, text=one.text.removesuffix(" quillon")) for one in marked]
    for of_ward, has_mark in ((marked, True), (plain, False)):
        failures = find_leaks(make_dataset([*rows, *of_ward], [ORIGIN], shares=SHARES, seed=1)).failures
        assert (
            any(f.startswith("ward: nearly no other source has 'quillon' (100%)") for f in failures)
            == has_mark
        )


def test_another_language_is_no_mark_of_a_source() -> None:
    english = [replace(one, language="en") for one in corpus_rows(60)]
    chinese = [
        Row("b", f"我头痛 {number}", f"b/{number}", NO_VITALS, "normal", language="zh")
        for number in range(60)
    ]
    dataset = make_dataset([*english, *chinese], [ORIGIN], shares=SHARES, seed=1)
    assert not any("nearly no other source" in failure for failure in find_leaks(dataset).failures)


def test_a_run_is_warned_of_what_the_check_finds() -> None:
    assert any("zorblax" in told for told in data_warnings(planted(corpus_rows(), "diabetes", "zorblax")))


def test_a_label_that_its_rows_name_is_found() -> None:
    report = find_leaks(planted(corpus_rows(), "heart_disease", "it is heart disease"))
    assert any("heart_disease name it" in failure for failure in report.failures)


def test_a_label_that_its_rows_name_in_chinese_is_found() -> None:
    report = find_leaks(planted(corpus_rows(), "cancer", "我得了癌症"))
    assert any("cancer name it" in failure for failure in report.failures)


def test_a_vital_sign_whose_absence_tells_the_urgency_is_reported() -> None:
    rows = [
        row(f"complaint {number}", urgency_level=1 + number % 5, pain_score=3.0, heart_rate_bpm=80.0)
        for number in range(200)
    ]
    assert find_leaks(make_dataset(rows, [ORIGIN], shares=SHARES, seed=1)).uneven == ()
    spo2 = VITALS_FIELDS.index("spo2_percent")
    for urgent in (some for some in rows if (some.urgency_level or 5) <= 2):
        urgent.vitals[spo2] = 95
    report = find_leaks(make_dataset(rows, [ORIGIN], shares=SHARES, seed=1))
    assert report.uneven == (Uneven("corpus", "spo2_percent", 1.0, 0.0),)


def test_a_near_duplicate_across_a_split_is_found() -> None:
    dataset = importing.write_corpus("corpus", 200, seed=4)
    first_test = dataset.parts.index("test")
    copied = replace(dataset.rows[first_test], group="here/copy")
    broken = replace(
        dataset,
        rows=(*dataset.rows, copied),
        clusters=np.append(dataset.clusters, dataset.clusters.max() + 1),
        parts=(*dataset.parts, "train"),
    )
    assert any("found now" in failure for failure in find_leaks(broken).failures)


def test_a_source_of_few_rows_or_of_one_cluster_is_no_fault_of_the_check() -> None:
    rows = corpus_rows(60)
    for count in (1, 30):
        few = [Row("b", f"thirsty {number}", "b/one", NO_VITALS, "diabetes") for number in range(count)]
        report = find_leaks(make_dataset([*rows, *few], [ORIGIN], shares=SHARES, seed=1))
        assert report.source_accuracy is None


def test_a_source_that_its_style_betrays_is_reported() -> None:
    rows = [
        Row("a", f"pt c/o pain no {number} in ed", f"a/{number}", NO_VITALS, "normal") for number in range(60)
    ]
    rows += [
        Row("b", f"I have felt thirsty for {number} days now", f"b/{number}", NO_VITALS, "diabetes")
        for number in range(60)
    ]
    dataset = make_dataset(rows, [ORIGIN], shares=SHARES, seed=1)
    spread = replace(dataset, clusters=np.arange(len(rows)))
    report = find_leaks(spread)
    assert report.source_majority == 0.5
    assert report.source_accuracy is not None
    assert report.source_accuracy > 0.95
    assert report.label_by_source == 1.0
