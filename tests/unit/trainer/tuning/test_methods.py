from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from torch import Tensor
from transformers import BertModel

from tests.unit.trainer.tiny import inputs
from tests.unit.trainer.tuning.small import ROWS, WINDOWER, small_model
from trainer.export import INPUTS, export_float, export_int8
from trainer.model import TriageBert
from trainer.tuning import config
from trainer.tuning.loop import train_epochs
from trainer.tuning.methods import apply, mergeable

METHODS: dict[str, config.Method] = {
    "full": config.Full(),
    "embeddings": config.Full(embeddings=True),
    "frozen": config.Frozen(),
    "top_layers": config.TopLayers(layers=1),
    "gradual_unfreezing": config.GradualUnfreezing(layers_per_epoch=1),
    "lora": config.Lora(rank=2),
    "adalora": config.AdaLora(initial_rank=4, rank=2),
    "prefix": config.Prefix(tokens=3),
    "adapter": config.Adapter(width=4),
}
TRAINED: dict[str, Callable[[str], bool]] = {
    "full": lambda name: "embeddings" not in name,
    "embeddings": lambda _name: True,
    "frozen": lambda _name: False,
    "top_layers": lambda name: ".layer.1." in name,
    "gradual_unfreezing": lambda name: ".layer.1." in name,
    "lora": lambda name: ".lora_" in name,
    "adalora": lambda name: ".lora_" in name and "ranknum" not in name,
    "prefix": lambda name: "prompt_encoder" in name,
    "adapter": lambda name: ".adapter." in name,
}
SETTINGS = config.TrainConfig(
    epochs=2, batch_size=8, heads_first=None, optimizer=config.Optimizer(encoder_rate=1e-2)
)


def trained(method: config.Method) -> TriageBert:
    model = small_model()
    train_epochs(model, ROWS, WINDOWER, SETTINGS.model_copy(update={"method": method}), title="train")
    return model


@torch.no_grad()
def logits(model: TriageBert, arguments: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    answer = model.eval()(*arguments)
    return torch.cat([answer.diagnosis_logits, answer.urgency_logits], dim=1)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_trains_its_part_of_the_encoder_and_always_the_heads(name: str) -> None:
    model = small_model()
    apply(METHODS[name], model, steps=10)
    learned = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    heads = {name for name, _ in model.named_parameters() if not name.startswith("encoder.")}
    assert learned - heads == {
        parameter
        for parameter, _ in model.named_parameters()
        if parameter.startswith("encoder.") and TRAINED[name](parameter)
    }
    assert heads <= learned
    assert bool(learned - heads) is (name != "frozen")


@pytest.mark.parametrize("name", sorted(METHODS.keys() - {"prefix"}))
def test_before_the_first_step_answers_are_those_of_the_pretrained_encoder(name: str) -> None:
    model, arguments = small_model(), inputs(2, 7, padded=3)
    before = logits(model, arguments)
    apply(METHODS[name], model, steps=10)
    torch.testing.assert_close(logits(model, arguments), before)


@pytest.mark.parametrize("name", METHODS)
def test_training_changes_what_the_method_trains_and_nothing_else(name: str) -> None:
    before, after = small_model().encoder.state_dict(), trained(METHODS[name]).encoder.state_dict()
    kept = [key for key in before if key in after and torch.equal(before[key], after[key])]
    assert any("word_embeddings" in key for key in kept) is (name not in {"embeddings", "prefix"})
    if name == "top_layers":
        assert all(("layer.1." in key) is (key not in kept) for key in before)


@pytest.mark.parametrize("name", METHODS)
def test_merging_keeps_the_answers_and_leaves_a_plain_bert_where_it_can(name: str) -> None:
    model, method = small_model(), METHODS[name]
    applied = apply(method, model, steps=10)
    torch.manual_seed(1)
    for parameter in model.parameters():
        if parameter.requires_grad:
            torch.nn.init.normal_(parameter, std=0.05)
    before = logits(model, inputs(2, 7, padded=3))
    applied.merge()
    torch.testing.assert_close(logits(model, inputs(2, 7, padded=3)), before, atol=1e-5, rtol=1e-4)
    plain = small_model().state_dict().keys() == model.state_dict().keys()
    assert plain is mergeable(method)
    assert isinstance(model.encoder, BertModel) is (name != "prefix")


@pytest.mark.parametrize("name", METHODS)
def test_the_exported_graph_answers_what_torch_answers(name: str, tmp_path: Path) -> None:
    model = trained(METHODS[name])
    export_float(model, tmp_path / "float.onnx")
    export_int8(model, tmp_path / "int8.onnx")
    for batch, tokens, padded in ((1, 5, 0), (3, 20, 4)):
        arguments = inputs(batch, tokens, padded=padded)
        expected = logits(model, arguments)
        torch.testing.assert_close(asked(tmp_path / "float.onnx", arguments), expected, atol=2e-3, rtol=1e-3)
    alone = inputs(1, 12)
    torch.testing.assert_close(
        asked(tmp_path / "int8.onnx", alone), logits(model, alone), atol=0.3, rtol=0.05
    )


def asked(path: Path, arguments: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    feed = {name: tensor.numpy() for name, tensor in zip(INPUTS, arguments, strict=True)}
    return torch.from_numpy(np.concatenate(session.run(["diagnosis_logits", "urgency_logits"], feed), axis=1))


def test_layers_thaw_from_the_top_epoch_by_epoch() -> None:
    model = small_model(layers=3)
    applied = apply(config.GradualUnfreezing(layers_per_epoch=1), model, steps=10)
    thawed = []
    for epoch in range(4):
        applied.start_epoch(epoch)
        names = [name for name, parameter in model.encoder.named_parameters() if parameter.requires_grad]
        thawed.append(sorted({name.split(".")[2] for name in names}))
    assert thawed == [["2"], ["1", "2"], ["0", "1", "2"], ["0", "1", "2"]]


def test_more_layers_than_the_encoder_has_are_refused() -> None:
    with pytest.raises(ValueError, match=r"method\.layers: the encoder has 2 layers, not 3"):
        apply(config.TopLayers(layers=3), small_model(), steps=1)


def test_adalora_ends_with_the_ranks_it_may_keep() -> None:
    model = small_model()
    applied = apply(config.AdaLora(initial_rank=4, rank=2), model, steps=10)
    optimizer = torch.optim.AdamW(applied.encoder_parameters(), lr=1e-2)
    for step in range(10):
        optimizer.zero_grad()
        model(*inputs(2, 5)).diagnosis_logits[:, 0].sum().backward()
        optimizer.step()
        applied.after_step(step)
    kept = applied.state()["rank_pattern"]
    assert sum(sum(ranks) for ranks in kept.values()) == 2 * len(kept)
