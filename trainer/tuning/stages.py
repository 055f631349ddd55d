"""What happens before the epochs: the contrastive stage, and the heads that are fitted alone."""

from collections.abc import Sequence

from streams.text import Windower
from trainer.contrastive import contrast
from trainer.data.rows import Row
from trainer.model import TriageBert
from trainer.probe import Probing, probe
from trainer.tuning.config import TrainConfig

__all__ = ["before_epochs"]


def before_epochs(model: TriageBert, rows: Sequence[Row], windower: Windower, config: TrainConfig) -> None:
    """Change `model` in place. Every process does all of it, and ends with the same weights."""
    if config.contrastive is not None:
        contrast(model, rows, windower, config.contrastive, seed=config.seed)
    if config.heads_first is not None:
        heads = config.heads_first
        probing = Probing(seed=config.seed, epochs=heads.epochs, rate=heads.rate)
        probe(model, rows, windower, probing, title="heads first")
