"""Which rows a version is judged on, and whether it may have trained on them."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from trainer import pipeline
from trainer.data import corpus, visits
from trainer.data.rows import Row
from trainer.data.splits import Splits, split
from trainer.versions import counted

__all__ = ["Evidence", "as_on_the_card", "built_in", "by_source", "sampled", "sources_of"]

_DEFAULT_MESSAGES, _DEFAULT_SEED = 2000, 3


@dataclass(frozen=True, slots=True)
class Evidence:
    """`test_sets` by name are only read; `train` and `calibration` are the version's own, for baselines and fits.

    `development`: the folder of the development data, for foreign texts. `warnings`: what a reader must know first.
    """

    train: tuple[Row, ...]
    calibration: tuple[Row, ...]
    test_sets: Mapping[str, tuple[Row, ...]]
    development: Path | None = None
    warnings: tuple[str, ...] = ()

    def mixed(self, count: int, seed: int) -> tuple[Row, ...]:
        """Return up to `count` test rows, every test set in like number."""
        each = max(1, count // len(self.test_sets))
        return tuple(row for rows in self.test_sets.values() for row in sampled(rows, each, seed))


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
    sources, made_with = sources_of(card, data)
    warnings = (
        [] if data.is_dir() else ["No development data was at hand: judged on the written corpus alone."]
    )
    splits = as_on_the_card(card, sources, made_with)
    if splits is None:
        splits = pipeline.deal_out(sources, made_with)
        warnings.append(
            "The split that this version was trained with is not known: rows below may have been trained on, so that "
            "figures on them are an upper bound."
        )
    held_out = "held-out clusters" if not warnings else "dealt out anew"
    test_sets = {f"{name}, {held_out}": rows for name, rows in by_source(splits.test).items()}
    test_sets |= {f"{name}, never trained on": rows for name, rows in by_source(sources.test_only).items()}
    return Evidence(
        splits.train,
        splits.calibration,
        test_sets,
        data if data.is_dir() else None,
        tuple(warnings),
    )


def sources_of(card: Mapping[str, Any], data: Path) -> tuple[pipeline.Sources, int]:
    """Read and write the rows that the card's recipe names; returns its seed, too."""
    recipe = card.get("recipe", {})
    seed = int(recipe.get("seed", _DEFAULT_SEED))
    return pipeline.load(data, int(recipe.get("messages", _DEFAULT_MESSAGES)), seed), seed


def as_on_the_card(card: Mapping[str, Any], sources: pipeline.Sources, seed: int) -> Splits | None:
    """Return the splits that a version of the pipeline was made of; None where no known way of dealing gives them."""
    wanted = {part: dict(card.get("rows", {}).get(part, {})) for part in ("train", "calibration", "test")}
    # Versions before the written visits came dealt all sources out together.
    without_visits = [row for row in sources.written if row.source == corpus.SOURCE]
    apart = pipeline.LEFT_OUT in card.get("recipe", {})

    def dealt_out() -> Splits:
        dealt = pipeline.deal_out(sources, seed)
        return pipeline.keep_apart(dealt)[0] if apart else dealt

    ways: tuple[Callable[[], Splits], ...] = (
        dealt_out,
        lambda: split([*without_visits, *sources.real], pipeline.SHARES, seed=seed),
    )
    # Dealing out takes a minute: the way that the card speaks for comes first.
    for way in ways if visits.SOURCE in wanted["train"] else ways[::-1]:
        splits = way()
        if counted(splits) == wanted:
            return splits
    return None


def by_source(rows: Sequence[Row]) -> dict[str, tuple[Row, ...]]:
    """Return the rows of each source, by its name."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.source].append(row)
    return {name: tuple(found[name]) for name in sorted(found)}
