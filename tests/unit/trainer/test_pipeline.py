"""The splits of the pipeline: no written row that is like a held-out real one trains."""

from dataclasses import replace

import numpy as np

from tests.unit.trainer.tiny import row
from trainer.data.dataset import make_dataset
from trainer.data.importing import merge
from trainer.data.manifest import Origin
from trainer.data.rows import Row
from trainer.data.splits import Shares, Splits
from trainer.pipeline import keep_apart, leaks, stages


def real(text: str) -> Row:
    return row(text, group=f"ktas/{text}", source="ktas", diagnosis=None, urgency_level=2)


def written(text: str, complaint: str | None = None) -> Row:
    return row(text, group=f"visits/{complaint or text}", source="visits", diagnosis=None, urgency_level=2)


def texts(rows: tuple[Row, ...]) -> set[str]:
    return {one.text for one in rows}


def test_a_written_row_with_the_text_of_a_held_out_real_row_does_not_train() -> None:
    train = (written("Chest  pain"), written("sore throat"), real("broken wrist"), written("broken wrist"))
    dealt = Splits(train, (real("Sore throat"),), (real("chest pain"),))
    splits, left_out = keep_apart(dealt)
    assert texts(splits.train) == {"broken wrist"}
    assert len(splits.train) == 2
    assert left_out == {"visits, train": 2}
    assert (splits.calibration, splits.test) == (dealt.calibration, dealt.test)


def test_the_same_complaint_in_other_words_trains() -> None:
    train = (
        written("chest pain", "angina"),
        written("tight in the chest since noon", "angina"),
        written("cough"),
    )
    splits, left_out = keep_apart(Splits(train, (), (real("chest pain"),)))
    assert (texts(splits.train), left_out) == (
        {"tight in the chest since noon", "cough"},
        {"visits, train": 1},
    )


def test_a_held_out_written_row_whose_real_near_copy_trains_judges_nothing() -> None:
    dealt = Splits((real("chest pain"),), (written("Chest pain"),), (written("chest pain"), written("cough")))
    splits, left_out = keep_apart(dealt)
    assert (splits.train, splits.calibration, texts(splits.test)) == (dealt.train, (), {"cough"})
    assert left_out == {"visits, calibration": 1, "visits, test": 1}


def test_the_trainings_differ_in_their_seeds_alone() -> None:
    trainings = stages(members=3, epochs=2, seed=3)
    assert [[stage.seed for stage in training] for training in trainings] == [[3, 4], [5, 6], [7, 8]]
    assert len({replace(first, seed=0) for first, _ in trainings}) == 1
    assert len({replace(second, seed=0) for _, second in trainings}) == 1
    assert [stage.epochs for stage in trainings[0]] == [2, 1]


def test_held_out_written_rows_leave_nothing_out() -> None:
    dealt = Splits((written("cough"),), (written("cough"),), (written("cough"),))
    assert keep_apart(dealt) == (dealt, {})


def test_a_merge_keeps_a_text_of_two_sources_on_one_side() -> None:
    said = [" ".join(map(str, np.random.default_rng(number).integers(0, 9_999, 6))) for number in range(60)]
    shares = Shares(calibration=0.2, test=0.3)
    parts = [
        make_dataset(
            [make(text) for text in said],
            [Origin(source=source, description="", provenance="", licence="")],
            shares=shares,
            seed=seed,
        )
        for make, source, seed in ((real, "ktas", 1), (written, "visits", 2))
    ]
    splits = merge(parts, shares=shares, seed=3).splits
    held_out = texts((*splits.calibration, *splits.test))
    assert held_out
    assert not held_out & texts(splits.train)


def test_what_the_leak_check_finds_in_the_splits_is_told() -> None:
    sick = [
        row(f"zorblax {number} {number * 7}", group=str(number), diagnosis="cancer") for number in range(40)
    ]
    others = [
        row(f"itch {number} {number * 7}", group=f"n{number}", diagnosis="normal") for number in range(40)
    ]
    visits = [real(f"itch {number} {number * 7}") for number in range(20)]
    warnings = leaks(Splits((*sick[:30], *others[:30]), (), (*sick[30:], *others[30:], *visits)))
    assert any("'zorblax' stands in 100% of cancer" in warning for warning in warnings)
    assert any("cross a split" in warning for warning in warnings)
    assert any("The text tells the source in" in warning for warning in warnings)
