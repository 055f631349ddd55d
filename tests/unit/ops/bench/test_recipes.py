"""What `triage bench methods` is given beside presets: each differs from the default in what its name says."""

from pathlib import Path

import pytest

from trainer.tuning.config import TrainConfig
from trainer.tuning.reading import read_config

RECIPES = sorted((Path(__file__).parents[4] / "ops/bench/recipes").glob("*.yaml"))


@pytest.mark.parametrize("file", RECIPES, ids=lambda file: file.stem)
def test_a_recipe_changes_one_part_of_the_default(file: Path) -> None:
    default, recipe = read_config(preset="default").model_dump(), read_config(file).model_dump()
    changed = [name for name in TrainConfig.model_fields if recipe[name] != default[name]]
    assert len(changed) == 1


def test_no_two_recipes_are_the_same() -> None:
    read = [read_config(file).model_dump_json() for file in RECIPES]
    assert len(set(read)) == len(read) > 1
