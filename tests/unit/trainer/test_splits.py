from collections import Counter

import pytest

from tests.unit.trainer.tiny import row
from trainer.data.rows import Row
from trainer.data.splits import Shares, Splits, cluster, split

SHARES = {"corpus": Shares(calibration=0.2, test=0.3), "ktas": Shares(calibration=0.1, test=0.2)}


def many_rows() -> list[Row]:
    words = ("ankle", "belly", "chest", "dizzy", "elbow", "fever", "groin", "heart", "itch", "jaw")
    return [
        row(f"{a} {source} {b} {n}", group=f"{source}/{a}/{b}", source=source)
        for a in words
        for b in words
        for n in range(2)
        for source in SHARES
    ]


def parts(splits: Splits) -> list[tuple[Row, ...]]:
    return [splits.train, splits.calibration, splits.test]


@pytest.mark.parametrize("seed", range(3))
def test_no_cluster_is_in_two_splits(seed: int) -> None:
    rows = many_rows()
    number = dict(zip(map(id, rows), cluster(rows), strict=True))
    seen = [{number[id(row)] for row in part} for part in parts(split(rows, SHARES, seed=seed))]
    assert not seen[0] & seen[1]
    assert not seen[0] & seen[2]
    assert not seen[1] & seen[2]


def test_every_row_lands_in_exactly_one_split() -> None:
    rows = many_rows()
    landed = Counter(id(row) for part in parts(split(rows, SHARES, seed=1)) for row in part)
    assert landed == Counter(map(id, rows))


def test_shares_are_reached_source_by_source() -> None:
    tested = Counter(row.source for row in split(many_rows(), SHARES, seed=1).test)
    assert tested == {"corpus": 60, "ktas": 40}


def test_the_same_seed_deals_the_same_and_another_seed_differently() -> None:
    rows = many_rows()
    first, again, other = (split(rows, SHARES, seed=seed) for seed in (1, 1, 2))
    assert [row.text for row in first.test] == [row.text for row in again.test]
    assert [row.text for row in first.test] != [row.text for row in other.test]


def test_texts_that_share_most_words_are_one_cluster_whatever_their_group() -> None:
    text = "I have had a rash on both my arms for three weeks and it itches badly at night"
    numbers = cluster(
        [row(text, group="a"), row(f"{text} too", group="b"), row("my knee is swollen", group="c")]
    )
    assert numbers[0] == numbers[1] != numbers[2]


def test_chinese_texts_that_share_most_characters_are_one_cluster() -> None:
    text = "我最近三个星期两只胳膊都起了疹子晚上痒得厉害"
    numbers = cluster(
        [row(text, group="a"), row(text + "怎么办", group="b"), row("膝盖肿了走不动路", group="c")]
    )
    assert numbers[0] == numbers[1] != numbers[2]


def test_similarity_carries_over_a_shared_group() -> None:
    numbers = cluster([row("one", group="a"), row("two", group="a"), row("two", group="b")])
    assert len(set(numbers)) == 1


def test_no_rows_are_no_clusters_and_three_empty_splits() -> None:
    assert cluster([]).tolist() == []
    assert split([], {}, seed=1) == Splits((), (), ())
