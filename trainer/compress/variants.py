"""The named ways of making a model smaller: how much of the encoder stays, which graph, which backend."""

from dataclasses import dataclass
from typing import Literal

from trainer.compress.graphs import Graph

__all__ = ["VARIANTS", "Shape", "UnknownVariant", "Variant", "chosen"]


class UnknownVariant(ValueError):
    """No variant has that name."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What stays of the encoder. `layers` of them (None: all); of each, a share of heads and of neurons."""

    layers: int | None = None
    kept: float = 1.0

    @property
    def is_whole(self) -> bool:
        """Nothing is taken out, so nothing has to be learned again."""
        return self.layers is None and self.kept == 1.0


@dataclass(frozen=True, slots=True)
class Variant:
    """One version. `bucketed` runs batches padded within buckets of length; `alone` one sequence at a time."""

    name: str
    shape: Shape
    graph: Graph
    backend: Literal["alone", "bucketed"] = "alone"


_WHOLE, _HALF, _THREE, _THREE_HALF = Shape(), Shape(kept=0.5), Shape(layers=3), Shape(layers=3, kept=0.5)

VARIANTS = (
    Variant("float32", _WHOLE, "float32"),
    Variant("float32-bucketed", _WHOLE, "float32", "bucketed"),
    Variant("float32-fused", _WHOLE, "fused"),
    Variant("int8", _WHOLE, "int8"),
    Variant("int8-fused", _WHOLE, "fused_int8"),
    Variant("int8-static", _WHOLE, "int8_static"),
    Variant("int8-static-bucketed", _WHOLE, "int8_static", "bucketed"),
    Variant("half-int8", _HALF, "int8"),
    Variant("3-layers-int8", _THREE, "int8"),
    Variant("3-layers-int8-fused", _THREE, "fused_int8"),
    Variant("3-layers-int8-static", _THREE, "int8_static"),
    Variant("3-layers-half-int8", _THREE_HALF, "int8"),
)
"""In the order of their version numbers. `int8` is what `triage train` exports."""


def chosen(names: list[str] | None) -> tuple[Variant, ...]:
    """Return the variants of these names, all of them by default. Raises UnknownVariant."""
    known = {variant.name: variant for variant in VARIANTS}
    if unknown := [name for name in names or () if name not in known]:
        raise UnknownVariant(f"no variant {', '.join(unknown)}: there are {', '.join(known)}")
    return tuple(known[name] for name in names) if names else VARIANTS
