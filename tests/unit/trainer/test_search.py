"""The search: what it may change, what it spends, and that it reads no test row."""

from collections.abc import Callable

import pytest

from tests.unit.trainer.tuning.small import ROWS
from trainer import search as searching
from trainer.data.splits import Splits
from trainer.runs import EpochRecord
from trainer.search import Budget, Range, parse_range, search
from trainer.tuning.config import TrainConfig
from trainer.tuning.reading import ConfigInvalid

SPLITS = Splits(tuple(ROWS), tuple(ROWS), ())
RANGES = {
    "optimizer.encoder_rate": Range(low=1e-5, high=1e-2, log=True),
    "batch_size": Range(choices=(8, 16)),
}


def epoch(number: int, figure: float) -> EpochRecord:
    return EpochRecord(epoch=number, diagnosis_loss=1, urgency_loss=1, macro_f1=figure, qwk=figure, minutes=0)


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[TrainConfig]:
    """Training is replaced: the figure grows with the encoder's rate."""
    seen: list[TrainConfig] = []

    def trial(
        config: TrainConfig,
        rows: object,
        validation: object,
        *,
        title: str,
        after_epoch: Callable[[EpochRecord, str], None],
    ) -> None:
        assert (rows, validation) == (SPLITS.train, SPLITS.calibration)
        seen.append(config)
        figure = min(1.0, config.optimizer.encoder_rate * 100)
        for number in (1, 2):
            after_epoch(epoch(number, figure), "")

    monkeypatch.setattr(searching, "run_trial", trial)
    return seen


def test_the_first_trial_is_as_given_and_the_best_is_kept(tried: list[TrainConfig]) -> None:
    given = TrainConfig()
    found = search(given, SPLITS, RANGES, Budget(trials=8, minutes=10))
    assert tried[0].model_copy(update={"early_stopping": None}) == given
    assert found.first == pytest.approx(0.02)
    assert found.figure == max(figure for figure in found.figures if figure is not None) > found.first
    assert found.config.optimizer.encoder_rate * 100 == pytest.approx(found.figure)
    assert found.config.optimizer.head_rate == given.optimizer.head_rate
    assert found.config.early_stopping is None
    assert {config.batch_size for config in tried} <= {8, 16}


def test_no_trial_begins_after_the_minutes_are_spent(tried: list[TrainConfig]) -> None:
    found = search(TrainConfig(), SPLITS, RANGES, Budget(trials=8, minutes=0.0))
    assert (len(tried), len(found.figures)) == (1, 1)


def test_a_trial_far_behind_the_others_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = iter([0.5, 0.6, 0.5, 0.6, 0.7, 0.1])

    def trial(*_: object, after_epoch: Callable[[EpochRecord, str], None], title: str) -> None:
        after_epoch(epoch(1, next(figures)), "")

    monkeypatch.setattr(searching, "run_trial", trial)
    found = search(TrainConfig(), SPLITS, RANGES, Budget(trials=6, minutes=10))
    assert found.figures[:5] == (0.5, 0.6, 0.5, 0.6, 0.7)
    assert found.figures[5] is None
    assert found.figure == 0.7


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("epochs=1,2,3", "epochs", Range(choices=(1, 2, 3))),
        ("optimizer.kind=adamw,sgd", "optimizer.kind", Range(choices=("adamw", "sgd"))),
        ("losses.focal_gamma=0..2", "losses.focal_gamma", Range(low=0, high=2)),
        ("optimizer.head_rate=1e-4..1e-2:log", "optimizer.head_rate", Range(low=1e-4, high=1e-2, log=True)),
    ],
)
def test_ranges_are_read(text: str, key: str, expected: Range) -> None:
    assert parse_range(text) == (key, expected)


@pytest.mark.parametrize(
    "text", ["epochs", "=1,2", "epochs=", "rate=2..1", "rate=a..b", "rate=0..1:log", "rate=0..1:up"]
)
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(ConfigInvalid):
        parse_range(text)


def test_a_key_that_is_none_is_named(tried: list[TrainConfig]) -> None:
    with pytest.raises(ConfigInvalid, match=r"optimizer\.rate: Extra inputs"):
        search(TrainConfig(), SPLITS, {"optimizer.rate": Range(choices=(1,))}, Budget(trials=2, minutes=1))
