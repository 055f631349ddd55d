"""The ways to learn a round's rows. A strategy is a choice of parts, so that parts can be mixed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["DEFAULT", "STRATEGIES", "Strategy", "StrategyUnknown", "strategy_named"]


class StrategyUnknown(ValueError):
    """No strategy has that name; the text lists those that there are."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """`encoder`: what becomes of it. `heads`: fitted by gradient; from sums over all rows ever seen; or by gradient
    with a past that is drawn from these sums. `replay`: how the rows that are kept are chosen. `ewc`: weight of the
    penalty on moving what earlier rounds need; `lwf`: weight of the distance to the answers before the round.
    """

    name: str
    says: str
    encoder: Literal["frozen", "full", "lora"] = "full"
    heads: Literal["gradient", "statistics", "rehearsal"] = "gradient"
    replay: Literal["none", "reservoir", "exemplars"] = "none"
    ewc: float = 0.0
    lwf: float = 0.0

    @property
    def sums(self) -> bool:
        """Whether the heads rest on sums over all rows, so that no row has to be kept."""
        return self.heads != "gradient"


_ALL = (
    Strategy(
        "rehearsal",
        "encoder as it is; the trained heads learn on, held by answers to rows drawn from class statistics and by a "
        "Laplace posterior: no row is kept",
        encoder="frozen",
        heads="rehearsal",
    ),
    Strategy(
        "statistics",
        "the same with a diagnosis head from class statistics alone (LDA)",
        encoder="frozen",
        heads="statistics",
    ),
    Strategy("naive", "fine-tuning on the new rows alone"),
    Strategy("replay", "fine-tuning on new rows and a reservoir of old ones", replay="reservoir"),
    Strategy("exemplars", "the same, old rows nearest to k-means centres (IDBR)", replay="exemplars"),
    Strategy("ewc", "fine-tuning; weights that earlier rounds need are held (EWC)", ewc=100.0),
    Strategy("lwf", "fine-tuning; answers to the new rows stay near the old ones (LwF)", lwf=1.0),
    Strategy("replay-lwf", "reservoir and distillation together", replay="reservoir", lwf=1.0),
    Strategy("lora", "LoRA on new rows and a reservoir, merged", encoder="lora", replay="reservoir"),
    Strategy(
        "frozen",
        "encoder as it is; heads by gradient, with a reservoir",
        encoder="frozen",
        replay="reservoir",
    ),
)
STRATEGIES: Mapping[str, Strategy] = {strategy.name: strategy for strategy in _ALL}
DEFAULT = "rehearsal"


def strategy_named(name: str) -> Strategy:
    """Return the strategy. Raises StrategyUnknown."""
    if name not in STRATEGIES:
        raise StrategyUnknown(f"no strategy {name!r}: there are {', '.join(STRATEGIES)}")
    return STRATEGIES[name]
