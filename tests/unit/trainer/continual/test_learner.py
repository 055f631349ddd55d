import numpy as np
import pytest
import torch

from tests.unit.trainer.tuning.small import ROWS, WINDOWER, small_model
from trainer.continual.learner import Learner
from trainer.continual.strategies import STRATEGIES, StrategyUnknown, strategy_named
from trainer.tuning.config import Optimizer, TrainConfig
from trainer.tuning.validate import answer

CONFIG = TrainConfig(
    epochs=2, batch_size=8, heads_first=None, optimizer=Optimizer(encoder_rate=1e-3, head_rate=1e-2)
)
FIRST, SECOND = ROWS[:16], ROWS[16:]


def learner(name: str) -> Learner:
    return Learner(small_model(), WINDOWER, STRATEGIES[name])


def encoder_of(one: Learner) -> list[torch.Tensor]:
    return [value.detach().clone() for value in one.model.encoder.state_dict().values()]


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_learns_two_rounds_and_leaves_a_plain_model(name: str) -> None:
    one = learner(name)
    keys, before = list(one.model.state_dict()), encoder_of(one)
    for rows in (FIRST, SECOND):
        one.learn(rows, CONFIG, title="learn")
    assert list(one.model.state_dict()) == keys  # what was added was merged
    stays = all(torch.equal(a, b) for a, b in zip(before, encoder_of(one), strict=True))
    assert stays == (STRATEGIES[name].encoder == "frozen")
    assert one.known_labels == {0, 2, 3}
    assert one.levels_known
    assert np.isfinite(answer(one.model, ROWS, WINDOWER).diagnosis_logits).all()


def test_sums_remember_a_round_that_naive_training_forgets() -> None:
    hits = {}
    for name in ("rehearsal", "statistics", "naive"):
        one = learner(name)
        for rows in (FIRST, SECOND):
            one.learn(rows, CONFIG.model_copy(update={"epochs": 12}), title="learn")
        chosen = answer(one.model, FIRST, WINDOWER).diagnosis_logits.argmax(axis=1)
        hits[name] = (chosen == [row.diagnosis_index for row in FIRST]).mean()
    assert hits["rehearsal"] >= 0.9
    assert hits["statistics"] >= 0.9
    assert hits["naive"] < 0.6


def test_sums_learned_in_rounds_are_those_of_the_past_at_once() -> None:
    rounds, at_once = learner("statistics"), learner("statistics")
    for rows in (SECOND, FIRST):
        rounds.learn(rows, CONFIG, title="learn")
    at_once.met(ROWS, seed=1)
    torch.testing.assert_close(rounds.model.diagnosis_head.weight, at_once.model.diagnosis_head.weight)


@pytest.mark.parametrize("name", ["ewc", "lwf"])
def test_a_held_encoder_moves_less(name: str) -> None:
    moved = {}
    for strategy in (name, "naive"):
        one = learner(strategy)
        one.learn(FIRST, CONFIG, title="learn")
        if one.importance is not None:  # a bound that cannot be missed
            one.importance.fisher.update({k: v * 1e4 + 10 for k, v in one.importance.fisher.items()})
        then = answer(one.model, FIRST, WINDOWER).diagnosis_logits
        one.learn(SECOND, CONFIG, title="learn")
        moved[strategy] = np.abs(answer(one.model, FIRST, WINDOWER).diagnosis_logits - then).mean()
    assert moved[name] < moved["naive"]


def test_a_strategy_that_is_none_is_named() -> None:
    with pytest.raises(StrategyUnknown, match="no strategy 'magic': there are rehearsal, statistics, naive"):
        strategy_named("magic")
