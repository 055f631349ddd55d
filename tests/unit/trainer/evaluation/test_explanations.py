"""Explanations, interventions and attacks on few written messages."""

from pathlib import Path
from typing import cast

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray

from tests.unit.trainer.evaluation.test_sections import SMALL, VERSION
from tests.unit.trainer.tiny import row
from trainer import evaluation
from trainer.data import corpus
from trainer.evaluation.attack import attack
from trainer.evaluation.attribution import Explainer, Words
from trainer.evaluation.explanations import deletion_and_insertion, explanations
from trainer.evaluation.float_copy import NotCopied, float_copy
from trainer.evaluation.service import Service

COMPLAINT = row("I have crushing chest pain and my left arm hurts, it began an hour ago", heart_rate_bpm=120)


@pytest.fixture(scope="module")
def version() -> evaluation.JudgedVersion:
    return evaluation.JudgedVersion(VERSION, workers=1)


def test_the_float_copy_answers_as_the_served_graph_does(version: evaluation.JudgedVersion) -> None:
    copy = float_copy(VERSION / "model.onnx")
    assert Explainer(version, copy, orders=1, seed=1).largest_difference([COMPLAINT]) < 1.0
    with torch.no_grad():
        copy.diagnosis_head.weight.neg_()
    assert Explainer(version, copy, orders=1, seed=1).largest_difference([COMPLAINT]) > 1.0


def test_a_graph_of_another_kind_is_not_copied(tmp_path: Path) -> None:
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph([], "empty", [], [])), tmp_path / "model.onnx")
    with pytest.raises(NotCopied):
        float_copy(tmp_path / "model.onnx")


def test_shapley_values_add_up_and_occlusion_is_what_a_word_takes_along(
    version: evaluation.JudgedVersion,
) -> None:
    words = Words.of(row("severe chest pain today"))
    explainer = Explainer(version, None, orders=2, seed=1)
    shares = explainer.explain(words)["urgency"]
    all_but_first = np.array([[False, True, True, True]])
    whole, none, without = explainer.scores(
        words, np.concatenate([np.ones((1, 4), bool), np.zeros((1, 4), bool), all_but_first])
    )[:, 1]
    assert shares["Shapley values"].sum() == pytest.approx(whole - none, abs=1e-3)
    assert shares["occlusion"][0] == pytest.approx(whole - without, abs=1e-3)
    assert "integrated gradients" not in shares


def test_deleting_what_matters_falls_faster_than_deleting_the_rest(version: evaluation.JudgedVersion) -> None:
    words, explainer = Words.of(COMPLAINT), Explainer(version, None, orders=4, seed=1)
    shares = explainer.explain(words)["urgency"]["Shapley values"]
    good, bad = (deletion_and_insertion(explainer, words, order, 1) for order in (shares, -shares))
    assert good[0] < bad[0]
    assert good[1] > bad[1]


class _Still:
    """Scores that all words move by 0.3 and 3.0."""

    def scores(self, _words: Words, masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        moved: NDArray[np.float64] = masks.mean(axis=1)[:, None] * np.array([[0.3, 3.0]])
        return moved


def test_a_row_whose_words_hardly_move_the_score_is_not_divided_by_that() -> None:
    words, still = Words.of(row("one two three four five")), cast(Explainer, _Still())
    assert np.isnan(deletion_and_insertion(still, words, np.arange(5.0), 0)).all()
    assert np.allclose(deletion_and_insertion(still, words, np.arange(5.0), 1), 0.5)


def test_explanations_show_every_method(version: evaluation.JudgedVersion) -> None:
    rows = corpus.load(30, 99)
    evidence = evaluation.Evidence((), (), {"new messages": tuple(rows)})
    attributions, findings = explanations(version, evidence, SMALL)
    agreement, faithfulness, sanity = attributions.tables
    assert [line[0] for line in agreement.rows] == ["occlusion", "Shapley values", "integrated gradients"]
    assert [line[0] for line in faithfulness.rows][-1] == "random order"
    assert [line[0] for line in sanity.rows] == ["last encoder layer", "all encoder layers"]
    assert len(findings.tables[0].rows) == 6
    assert any("Left out of deletion and insertion" in note for note in attributions.notes)


def test_an_attack_keeps_its_budget_and_says_what_rules_save(version: evaluation.JudgedVersion) -> None:
    done = attack(version, COMPLAINT, Service(), queries=30, seed=1)
    assert done.queries <= 30
    assert 1 <= done.edits <= 4
    assert done.level_with_rules_before <= 2
    assert done.level_with_rules_after <= done.level_after
