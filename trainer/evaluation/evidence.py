"""Which rows a version is judged on, and whether it may have trained on them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from trainer import pipeline
from trainer.data import corpus
from trainer.data.rows import Row
from trainer.data.splits import Splits, split
from trainer.versions import counted

__all__ = ["Evidence", "built_in", "sampled"]

_DEFAULT_MESSAGES, _DEFAULT_SEED = 2000, 3


@dataclass(frozen=True, slots=True)
class Evidence:
    """`test_sets` by name are only read; `train` and `calibration` are the version's own, for baselines and fits.

    `warnings`: what a reader must know first.
    """

    train: tuple[Row, ...]
    calibration: tuple[Row, ...]
    test_sets: Mapping[str, tuple[Row, ...]]
    warnings: tuple[str, ...] = ()


def sampled(rows: Sequence[Row], count: int | None, seed: int) -> tuple[Row, ...]:
    """Return `count` of `rows`, drawn without replacement; all where there are not more."""
    if count is None or len(rows) <= count:
        return tuple(rows)
    return tuple(Random(seed).sample(list(rows), count))


def built_in(card: Mapping[str, Any], data: Path) -> Evidence:
    """Deal the built-in sources out as the version's card says they were.

    A split is the version's own where the rows of each part and source are as many as its card counts. Where no known
    way of dealing them out gives these, the parts are dealt out anew and a warning says what that means.
    """
    recipe = card.get("recipe", {})
    messages = int(recipe.get("messages", _DEFAULT_MESSAGES))
    made_with = int(recipe.get("seed", _DEFAULT_SEED))
    sources = pipeline.load(data, messages, made_with)
    warnings = (
        [] if data.is_dir() else ["No development data was at hand: judged on the written corpus alone."]
    )
    splits = _as_on_the_card(card, sources, made_with)
    if splits is None:
        splits = pipeline.deal_out(sources, made_with)
        warnings.append(
            "The split that this version was trained with is not known: rows below may have been trained on, so that "
            "figures on them are an upper bound."
        )
    held_out = "held-out clusters" if not warnings else "dealt out anew"
    test_sets = {f"{name}, {held_out}": rows for name, rows in _by_source(splits.test).items()}
    test_sets |= {f"{name}, never trained on": rows for name, rows in _by_source(sources.test_only).items()}
    return Evidence(
        splits.train,
        splits.calibration,
        test_sets,
        tuple(warnings),
    )


def _as_on_the_card(card: Mapping[str, Any], sources: pipeline.Sources, seed: int) -> Splits | None:
    wanted = {part: dict(card.get("rows", {}).get(part, {})) for part in ("train", "calibration", "test")}
    # Versions before the written visits came dealt all sources out together.
    without_visits = [row for row in sources.written if row.source == corpus.SOURCE]
    for splits in (
        pipeline.deal_out(sources, seed),
        split([*without_visits, *sources.real], pipeline.SHARES, seed=seed),
    ):
        if counted(splits) == wanted:
            return splits
    return None


def _by_source(rows: Sequence[Row]) -> dict[str, tuple[Row, ...]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.source].append(row)
    return {name: tuple(found[name]) for name in sorted(found)}
