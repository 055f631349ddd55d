import numpy as np
import pytest

from tests.unit.trainer.tiny import row
from trainer.compress.quality import judge, lost
from trainer.served import Answers

ROWS = [
    *[row(f"sick {n}", diagnosis="cancer", urgency_level=1) for n in range(20)],
    *[row(f"well {n}", diagnosis="normal", urgency_level=5) for n in range(20)],
]


def answers(labels: list[int], levels: list[int]) -> Answers:
    one_hot = np.eye(5, dtype=np.float32)
    return Answers(one_hot[labels], one_hot[levels], np.zeros((len(labels), 2), np.float32))


RIGHT = answers([4] * 20 + [0] * 20, [0] * 20 + [4] * 20)
SOME_WRONG = answers([4] * 15 + [0] * 25, [0] * 15 + [4] * 25)


def test_losses_are_paired_and_positive_where_something_is_lost() -> None:
    less = lost(ROWS, SOME_WRONG, RIGHT)
    right, wrong = judge(ROWS, RIGHT), judge(ROWS, SOME_WRONG)
    for name in ("macro_f1", "qwk"):
        figure, before, after = (getattr(each, name) for each in (less, right, wrong))
        assert figure.value == pytest.approx(before.value - after.value)
        assert 0 < figure.low < figure.value < figure.high
    assert right.qwk is not None
    assert right.qwk.value == 1.0


def test_the_same_answers_lose_nothing_with_certainty() -> None:
    less = lost(ROWS, SOME_WRONG, SOME_WRONG)
    assert less.macro_f1 is not None
    assert (less.macro_f1.low, less.macro_f1.high) == (0.0, 0.0)


def test_a_task_without_labels_has_no_figure() -> None:
    rows = [row("text", diagnosis="cancer"), row("other", diagnosis="normal")]
    assert judge(rows, answers([4, 0], [0, 0])).qwk is None
