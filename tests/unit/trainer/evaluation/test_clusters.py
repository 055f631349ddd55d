"""Whatever an interval of the report resamples: copies are one draw, though their source names no group."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.trainer.evaluation.test_sections import SMALL, VERSION
from trainer import evaluation
from trainer.data import corpus
from trainer.data.rows import Row
from trainer.evaluation import explanations, foreign
from trainer.evaluation.attack import attacks
from trainer.evaluation.calibration import calibration
from trainer.evaluation.float_copy import NotCopied
from trainer.evaluation.intervals import resampled_area
from trainer.evaluation.performance import performance
from trainer.evaluation.sections import Section
from trainer.metrics import Figure

_COPIES = 5
BUDGET = replace(SMALL, varied_rows=20, foreign_texts=10, explained_rows=5, shapley_orders=1, attacked_rows=5)
Part = Callable[[evaluation.JudgedVersion, evaluation.Evidence, evaluation.Budget], Sequence[Section]]
PARTS: dict[str, Part] = {
    "performance": performance,
    "calibration": calibration,
    "out-of-domain": foreign.out_of_domain,
    "explanations": explanations.explanations,
    "adversarial": attacks,
}


@pytest.fixture(scope="module")
def version() -> evaluation.JudgedVersion:
    return evaluation.JudgedVersion(VERSION, workers=1)


@pytest.fixture(scope="module")
def messages() -> list[Row]:
    return corpus.load(100, 99)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Development data with two foreign messages, five near-copies of each."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "hl7v2_samples").mkdir()
    for number in range(2 * _COPIES):
        segment = ("MSH|^~\\&|A|B|ADT^A01|P|2.5|" if number % 2 else "a letter of thanks to the staff ") * 9
        (folder / "hl7v2_samples" / f"{number}.hl7").write_text(f"{segment}{number}")
    return folder


def evidence(messages: Sequence[Row], data: Path, group: Callable[[Row, int], str]) -> evaluation.Evidence:
    long_enough = [row for row in messages[70:] if len(row.text.split()) >= 4]
    shortest = sorted(long_enough, key=lambda row: len(row.text))[:4]
    test = [replace(row, group=group(row, copy)) for row in shortest for copy in range(_COPIES)]
    return evaluation.Evidence((), tuple(messages[:70]), {"copies": tuple(test)}, data)


def tables(sections: Sequence[Section]) -> list[str]:
    return [repr(table.document()) for section in sections for table in section.tables]


@pytest.mark.parametrize("part", PARTS)
def test_copies_with_a_group_each_give_the_intervals_of_copies_in_one(
    part: str,
    version: evaluation.JudgedVersion,
    messages: list[Row],
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_copy(*_: object, **__: object) -> NoReturn:
        raise NotCopied("integrated gradients and shuffled weights take long")

    for name in ("float_copy", "shuffled"):
        monkeypatch.setattr(explanations, name, no_copy)
    own, one = (
        PARTS[part](version, evidence(messages, data, group), BUDGET)
        for group in (lambda row, copy: f"{row.text}/{copy}", lambda row, _copy: row.text)
    )
    assert tables(own) == tables(one)
    assert all("clusters of near-duplicates" in section.interval for section in own)


def test_near_copies_among_foreign_texts_are_one_draw(
    version: evaluation.JudgedVersion, messages: list[Row], data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Sequence[object]] = []

    def area(
        score: NDArray[np.float64], positive: NDArray[np.bool_], groups: Sequence[object], *, seed: int
    ) -> Figure:
        drawn.append([group for group, foreign in zip(groups, positive, strict=True) if foreign])
        return resampled_area(score, positive, groups, seed=seed)

    monkeypatch.setattr(foreign, "resampled_area", area)
    foreign.out_of_domain(version, evidence(messages, data, lambda row, _: row.text), BUDGET)
    assert [(len(groups), len(set(groups))) for groups in drawn] == [(2 * _COPIES, 2)] * 3
