import pytest
import torch

from tests.unit.trainer.tiny import inputs
from tests.unit.trainer.tuning.small import ROWS, WINDOWER, small_model
from trainer.batches import encode
from trainer.compress.distil import Distillation, distil
from trainer.compress.structure import importance, keep_layers, layers_of, prune, spread_layers
from trainer.probe import embed
from trainer.tuning.config import Optimizer


def test_what_does_nothing_is_taken_out_and_nothing_changes() -> None:
    model = small_model().eval()
    with torch.no_grad():
        for layer in layers_of(model):
            layer.attention.self.value.weight[16:] = 0.0  # the second of two heads, 16 wide
            layer.attention.self.value.bias[16:] = 0.0
            layer.output.dense.weight[:, 1::2] = 0.0  # every second neuron goes nowhere
    smaller = prune(model, importance(model, ROWS, WINDOWER), heads=1, neurons=16)
    first = layers_of(smaller)[0]
    assert first.attention.self.query.weight.shape == (16, 32)
    assert first.intermediate.dense.weight.shape == (16, 32)
    with torch.no_grad():
        for got, wanted in zip(smaller(*inputs(2, 9, padded=3)), model(*inputs(2, 9, padded=3)), strict=True):
            torch.testing.assert_close(got, wanted, atol=1e-5, rtol=1e-5)


def test_measuring_importance_leaves_the_model_as_it_was() -> None:
    model = small_model()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    scores = importance(model, ROWS, WINDOWER)
    assert scores.heads.shape == (2, 2)
    assert scores.neurons.shape == (2, 32)
    assert bool((scores.neurons >= 0).all())
    assert bool(scores.heads.sum() > 0)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize(
    ("depth", "count", "kept"), [(6, 3, (0, 2, 5)), (12, 3, (0, 6, 11)), (4, 3, (0, 2, 3)), (3, 3, (0, 1, 2))]
)
def test_layers_are_kept_from_bottom_to_top(depth: int, count: int, kept: tuple[int, ...]) -> None:
    assert spread_layers(depth, count) == kept


def test_a_student_comes_nearer_to_its_teacher() -> None:
    teacher = small_model(layers=4).eval()
    for layer in layers_of(teacher):
        torch.nn.init.normal_(
            layer.output.dense.weight, std=0.5
        )  # as it is made, a layer changes next to nothing
    student = keep_layers(teacher, spread_layers(4, 3))
    assert student.encoder.config.num_hidden_layers == 3
    assert len(layers_of(teacher)) == 4

    def apart() -> float:
        ids = encode(ROWS, WINDOWER)
        pair = [embed(model, ids, batch_size=8, title="") for model in (student, teacher)]
        return float((pair[0] - pair[1]).square().mean())

    before = apart()
    torch.manual_seed(1)
    settings = Distillation(epochs=8, batch_size=8, optimizer=Optimizer(encoder_rate=3e-3))
    distil(student, teacher, ROWS, WINDOWER, settings, title="distil")
    assert apart() < 0.8 * before
    assert not student.training
