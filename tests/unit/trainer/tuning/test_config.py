from pathlib import Path

import pytest
import yaml

from trainer.tuning.config import Lora, TrainConfig
from trainer.tuning.reading import ConfigInvalid, preset_names, read_config, write_config


def test_a_written_configuration_is_read_as_the_same(tmp_path: Path) -> None:
    config = read_config(preset="lora", settings=["seed=7", "early_stopping.patience=2"])
    write_config(config, tmp_path / "config.yaml")
    assert read_config(tmp_path / "config.yaml") == config
    assert set(yaml.safe_load((tmp_path / "config.yaml").read_text())) == set(TrainConfig.model_fields)


@pytest.mark.parametrize("preset", preset_names())
def test_every_preset_is_valid_and_sets_what_it_names(preset: str) -> None:
    config = read_config(preset=preset)
    kinds = {
        "top-layers": "top_layers",
        "gradual": "gradual_unfreezing",
        "classic": "full",
        "default": "full",
        "heads": "frozen",
        "r-drop": "full",
        "adversarial": "full",
        "contrastive": "full",
        "few-shot": "frozen",
    }
    assert config.method.kind == kinds.get(preset, preset)


def test_the_classic_preset_is_the_classic_recipe() -> None:
    classic = read_config(preset="classic")
    assert (classic.batch_size, classic.max_length, classic.epochs) == (16, 128, 5)
    optimizer = classic.optimizer
    assert (optimizer.kind, optimizer.encoder_rate, optimizer.head_rate) == ("adamw", 2e-5, 2e-5)
    assert optimizer.weight_decay > 0
    assert classic.encoder_dropout == 0.1
    assert classic.early_stopping is not None
    assert classic.heads_first is None


def test_a_file_stands_over_the_preset_and_settings_over_both(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("epochs: 4\noptimizer: {encoder_rate: 1e-4}\n")
    config = read_config(tmp_path / "mine.yaml", preset="classic", settings=["epochs=6"])
    assert (config.epochs, config.batch_size) == (6, 16)
    assert (config.optimizer.encoder_rate, config.optimizer.head_rate) == (1e-4, 2e-5)


def test_another_method_starts_from_its_own_defaults() -> None:
    assert read_config(preset="top-layers", settings=["method=lora", "method.rank=4"]).method == Lora(rank=4)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["epochs=0"], "epochs: Input should be greater than or equal to 1"),
        (["epocks=2"], "epocks: Extra inputs are not permitted"),
        (["method=lora", "method.layers=2"], "method.layers: Extra inputs are not permitted"),
        (["method=magic"], "method: Input tag 'magic'"),
        (["method=adalora", "method.rank=20"], "method: Value error, rank is larger than initial_rank"),
        (["optimizer.encoder_rate=fast"], "optimizer.encoder_rate: Input should be a valid number"),
        (["losses.label_smoothing=1"], "losses.label_smoothing: Input should be less than 1"),
        (["augmentation.paraphrases.share=0.2"], "augmentation.paraphrases.file: Field required"),
        (["name=../elsewhere"], "name: String should match pattern"),
        (["epochs"], "'epochs' is not key=value"),
        (["epochs=[1"], "epochs: '[1' is not a YAML value"),
    ],
)
def test_a_mistake_names_its_key(settings: list[str], says: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        read_config(settings=settings)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"- 1\n", "not a mapping"),
        (b"a: [", "not YAML"),
        (b"\xff\xfe\x00", "not YAML"),
        (None, "No such file"),
    ],
)
def test_an_unreadable_file_is_named(content: bytes | None, says: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigInvalid) as caught:
        read_config(path)
    assert str(path) in str(caught.value)
    assert says in str(caught.value)


def test_an_unknown_preset_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigInvalid, match="there are adalora, adapter, adversarial, classic"):
        read_config(preset="modern")


def test_a_recipe_has_every_setting_but_where_files_lie() -> None:
    files = ["data=wards/june", "augmentation.paraphrases.file=wards/june.jsonl"]
    config = read_config(settings=[*files, "augmentation.paraphrases.share=0.2"])
    recipe = config.recipe()
    assert "june" not in str(recipe)
    assert recipe["epochs"] == config.epochs
    assert "'paraphrases': {'share': 0.2}" in str(recipe)
    assert "'paraphrases': None" in str(read_config().recipe())
