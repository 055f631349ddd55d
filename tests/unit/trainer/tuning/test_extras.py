"""R-drop, adversarial training, the contrastive stage: each does what it says, and leaves nothing behind."""

import math

import pytest
import torch

from tests.unit.trainer.tiny import inputs
from tests.unit.trainer.tuning.small import ROWS, WINDOWER, small_model
from trainer.batches import IGNORED, encode, pad
from trainer.contrastive import contrast, contrastive_loss
from trainer.losses import disagreement
from trainer.tuning.adversary import Adversary
from trainer.tuning.config import Contrastive, Lora, Losses, Optimizer, TrainConfig
from trainer.tuning.loop import train_epochs
from trainer.tuning.reading import read_config
from trainer.tuning.stages import before_epochs
from trainer.tuning.validate import validate

CONFIG = TrainConfig(
    epochs=1, batch_size=8, heads_first=None, optimizer=Optimizer(encoder_rate=1e-3, head_rate=1e-2)
)


def test_equal_answers_do_not_disagree_and_others_do_in_both_directions_alike() -> None:
    one, other = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    assert float(disagreement(torch.cat([one, one]))) == 0.0
    gap = disagreement(torch.cat([one, other]))
    assert float(gap) > 0.1
    torch.testing.assert_close(gap, disagreement(torch.cat([other, one])))


def test_the_move_raises_the_loss_more_than_a_random_one_of_its_length_and_is_gone_afterwards() -> None:
    model, (ids, mask, vitals) = small_model().eval(), inputs(4, 9)
    model.encoder.embeddings.requires_grad_(requires_grad=False)
    adversary, truth = Adversary(model, 0.5), torch.tensor([0, 1, 2, 3])

    def loss() -> torch.Tensor:
        logits, _ = model.decide(model.embed(ids, mask), vitals)
        return torch.nn.functional.cross_entropy(logits, truth)

    with adversary.watching():
        clean = loss()
        clean.backward()  # type: ignore[no-untyped-call]
    with adversary.attacking():
        attacked = loss()
    assert float(attacked.detach()) > float(clean.detach())
    torch.testing.assert_close(loss(), clean)
    adversary.leave()
    assert not model.encoder.embeddings._forward_hooks


def test_an_attack_without_a_watched_pass_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="no backward pass"), Adversary(small_model(), 1.0).attacking():
        pass


@pytest.mark.parametrize(
    "losses", [Losses(r_drop=1.0), Losses(adversarial=0.5)], ids=["r_drop", "adversarial"]
)
@pytest.mark.parametrize("method", [CONFIG.method, Lora(rank=2)], ids=["full", "lora"])
def test_each_trains_other_weights_than_the_plain_loss_and_leaves_a_plain_model(
    losses: Losses, method: Lora
) -> None:
    plain, changed = small_model(), small_model()
    for model, some in ((plain, Losses()), (changed, losses)):
        torch.manual_seed(1)
        config = CONFIG.model_copy(update={"losses": some, "method": method})
        train_epochs(model, ROWS, WINDOWER, config, title="train")
    assert plain.state_dict().keys() == changed.state_dict().keys()
    assert not torch.equal(plain.diagnosis_head.weight, changed.diagnosis_head.weight)
    assert not changed.encoder.embeddings._forward_hooks


def test_the_contrastive_loss_is_low_where_labels_are_together_and_ignores_rows_without() -> None:
    together = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    right, mixed = torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 0, 1])
    assert (
        float(contrastive_loss(together, right, 0.1)) < 0.01 < float(contrastive_loss(together, mixed, 0.1))
    )
    unknown = torch.tensor([IGNORED, IGNORED, 1, 1])
    torch.testing.assert_close(
        contrastive_loss(together, unknown, 0.1), contrastive_loss(together[2:], right[2:], 0.1)
    )
    assert float(contrastive_loss(together, torch.tensor([0, 1, 2, 3]), 0.1)) == 0.0


def test_the_stage_draws_labels_together_and_leaves_heads_and_word_embeddings() -> None:
    model = small_model()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    ids, mask = pad(encode(ROWS, WINDOWER))
    truth = torch.tensor([row.diagnosis_index for row in ROWS])

    def loss() -> float:
        with torch.no_grad():
            embedding = torch.nn.functional.normalize(model.eval().embed(ids, mask), dim=1)
        return float(contrastive_loss(embedding, truth, 0.1))

    scattered, together = loss(), math.log(7)  # 7 others of one's own label, as near as can be
    contrast(model, ROWS, WINDOWER, Contrastive(epochs=20, rate=1e-3), seed=1)
    assert loss() - together < 0.5 * (scattered - together)
    kept = {name for name, value in model.state_dict().items() if torch.equal(value, before[name])}
    assert {"diagnosis_head.weight", "encoder.embeddings.word_embeddings.weight"} <= kept
    assert "encoder.encoder.layer.1.output.dense.weight" not in kept


def test_few_labels_are_learned_by_contrast_and_heads_alone() -> None:
    config = read_config(preset="few-shot", settings=["contrastive.rate=1e-3", "optimizer.head_rate=1e-2"])
    model = small_model()
    before_epochs(model, ROWS, WINDOWER, config)
    after = {name: value.clone() for name, value in model.encoder.state_dict().items()}
    train_epochs(model, ROWS, WINDOWER, config, title="train")
    assert all(torch.equal(value, after[name]) for name, value in model.encoder.state_dict().items())
    assert (validate(model, ROWS, WINDOWER).macro_f1 or 0.0) > 0.5
