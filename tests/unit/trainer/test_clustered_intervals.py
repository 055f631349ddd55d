"""Near-duplicates are one draw in an interval, whatever group their source gives each of them."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.trainer.tiny import row
from trainer.compress.quality import judge
from trainer.data.rows import DIAGNOSIS_LABELS
from trainer.evaluate import Calibrated, model_results
from trainer.served import Answers

TEXTS = ("itchy skin", "thirsty all day", "pressure in the head", "a lump in the breast")
OWN_GROUPS = [
    row(text, group=f"{text}/{copy}", diagnosis=DIAGNOSIS_LABELS[number], urgency_level=number + 1)
    for number, text in enumerate(TEXTS)
    for copy in range(10)
]
ONE_GROUP = [replace(one, group=one.text) for one in OWN_GROUPS]


def answers() -> Answers:
    """Right for the first two texts, wrong for the others."""
    label = np.repeat([0, 1, 0, 1], 10)
    logits = np.eye(5, dtype=np.float32)[label]
    return Answers(logits, logits, np.zeros((40, 2), dtype=np.float32))


def test_copies_with_a_group_each_give_the_interval_of_copies_in_one() -> None:
    assert judge(OWN_GROUPS, answers()) == judge(ONE_GROUP, answers())


def test_so_do_the_figures_of_a_card() -> None:
    own, one = (
        model_results("ours", "here", rows, answers(), Calibrated(1.0, 1.0, 0.5))
        for rows in (OWN_GROUPS, ONE_GROUP)
    )
    assert own == one
    assert own[0].figures["macro_f1"].low < 0.2  # four texts, not forty rows


def test_a_card_counts_the_sick_missed_as_normal_and_the_others_called_sick() -> None:
    """Of 30 sick 10 are called normal, and no normal one is called sick; the interval is of whole texts."""
    calibrated = Calibrated(1.0, 1.0, 0.5)
    figures = model_results("ours", "here", OWN_GROUPS, answers(), calibrated)[0].figures
    assert figures["sick_as_normal"].value == pytest.approx(1 / 3)
    assert figures["sick_as_normal"].low == 0.0
    assert figures["sick_as_normal"].high == 1.0
    assert figures["others_called_sick"].value == 0.0


def test_where_nobody_is_sick_nobody_is_missed() -> None:
    rows = [replace(one, diagnosis="normal") for one in OWN_GROUPS]
    figures = model_results("ours", "here", rows, answers(), Calibrated(1.0, 1.0, 0.5))[0].figures
    assert "sick_as_normal" not in figures
    assert figures["others_called_sick"].value == 0.5
