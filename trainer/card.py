"""The model card: one record, as JSON for machines and as Markdown for people."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from trainer.calibrate import TradeOff
from trainer.evaluate import Result
from trainer.metrics import Figure
from trainer.provenance import LIMITS, PURPOSE, DataUse

__all__ = ["ModelCard", "read", "render", "write"]

_FIGURES_NOTE = """\
All figures are of the {graph} graph, one sequence per execution. Intervals (95 %): bootstrap over clusters of
near-duplicates. "Source unseen": of OTHER weights, trained by the same recipe on written rows alone. Macro-F1 is over
the classes that the test set has. Under- and over-triage: share of rows answered less or more urgent than they are.
"Most urgent plausible": the level that is published while it is uncertain. `urgent_auroc`: P(level 1-2) for the true
levels 1-2, whatever the threshold.
"""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """Everything that is known of a version when it is made.

    `rows` counts [split][source]; `graph` names the graph that is served, and the system that its results are of.
    """

    name: str
    version: str
    encoder: str
    parameters: int
    recipe: Mapping[str, Any]
    rows: Mapping[str, Mapping[str, int]]
    data: Sequence[DataUse]
    diagnosis_bias: Mapping[str, float]
    urgency_cutpoints: Sequence[float]
    calibration: Mapping[str, float]
    trade_off: Sequence[TradeOff]
    results: Sequence[Result]
    files_sha256: Mapping[str, str]
    notes: Sequence[str] = ()
    graph: str = "int8"
    data_sha256: str | None = None
    code: Mapping[str, Any] | None = None


def write(card: ModelCard, version_dir: Path) -> None:
    """Write `model_card.json` and `MODEL_CARD.md`."""
    record = {"purpose": PURPOSE, "limits": LIMITS, **asdict(card)}
    (version_dir / "model_card.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    (version_dir / "MODEL_CARD.md").write_text(render(card), encoding="utf-8")


def read(version_dir: Path) -> ModelCard:
    """Return the card of `model_card.json`.

    Raises:
        FileNotFoundError: there is none.
        KeyError, TypeError: it is not as `write` writes it.
    """
    record = json.loads((version_dir / "model_card.json").read_text(encoding="utf-8"))
    named = {field.name: record[field.name] for field in fields(ModelCard) if field.name in record}
    return ModelCard(
        **named
        | {
            "data": [DataUse(**use) for use in record["data"]],
            "trade_off": [TradeOff(**point) for point in record["trade_off"]],
            "results": [
                Result(
                    **result | {"figures": {name: Figure(**one) for name, one in result["figures"].items()}}
                )
                for result in record["results"]
            ],
        }
    )


def render(card: ModelCard) -> str:
    """Return the card as Markdown."""
    encoder = f"Encoder: {card.encoder}; {card.parameters:,} parameters.{_origin(card)}"
    sections = {
        f"# {card.name} {card.version}": PURPOSE + "\n" + _lines("\n> {}\n", card.notes),
        "## Model": f"{encoder} Outputs and their meaning: `trainer/model.py`.\n",
        "## Limits": _lines("- {}\n", LIMITS),
        "## Data": _data(card),
        "## Figures": _FIGURES_NOTE.format(graph=card.graph),
        "### Diagnosis": _results(card.results, "diagnosis"),
        "### Urgency": _results(card.results, "urgency"),
        "## Calibration and thresholds": _calibration(card),
        "## Recipe": f"```json\n{json.dumps(card.recipe, indent=1)}\n```\n",
        "## Files (SHA-256)": _lines("- `{0[0]}` {0[1]}\n", card.files_sha256.items()),
    }
    return "\n".join(f"{title}\n\n{text}" for title, text in sections.items())


def _origin(card: ModelCard) -> str:
    """Cards of versions made before don't tell."""
    data = "" if card.data_sha256 is None else f" Made of rows with the SHA-256 `{card.data_sha256}`."
    if card.code is None:
        return data
    changed = ", with changes" if card.code["changed"] else ""
    return (
        f"{data} Made by version {card.code['version']}, commit {card.code['commit'] or 'unknown'}{changed}."
    )


def _lines(pattern: str, items: Iterable[object]) -> str:
    return "".join(pattern.format(item) for item in items)


def _data(card: ModelCard) -> str:
    splits = list(card.rows)
    lines = [
        f"| source | what | provenance | licence | {' | '.join(splits)} |",
        "|---" * (4 + len(splits)) + "|",
    ]
    for use in card.data:
        counts = " | ".join(str(card.rows[split].get(use.source, 0)) for split in splits)
        lines.append(f"| {use.source} | {use.description} | {use.provenance} | {use.licence} | {counts} |")
    return "\n".join(lines) + "\n"


def _results(results: Sequence[Result], task: str) -> str:
    rows = [result for result in results if result.task == task]
    names = list(dict.fromkeys(name for result in rows for name in result.figures))
    lines = [f"| test set | system | n | {' | '.join(names)} | ECE |", "|---" * (len(names) + 4) + "|"]
    for result in rows:
        cells = [str(result.figures[name]) if name in result.figures else "" for name in names]
        error = "" if result.calibration_error is None else f"{result.calibration_error:.3f}"
        lines.append(f"| {result.test_set} | {result.system} | {result.n} | {' | '.join(cells)} | {error} |")
    return "\n".join(lines) + "\n"


def _calibration(card: ModelCard) -> str:
    fitted = "".join(f"- {name}: {value:.4g}\n" for name, value in card.calibration.items())
    lines = ["| threshold | levels 1-2 missed | levels 3-5 raised to 1-2 |", "|---|---|---|"]
    lines += [
        f"| {point.threshold:.2f} | {point.missed_urgent:.3f} | {point.raised_non_urgent:.3f} |"
        for point in card.trade_off
        if round(point.threshold * 100) % 4 == 0
    ]
    return (
        "Fitted on the calibration split, every source counting alike; real visits alone, where there are any, chose "
        "`urgency_plausible_from`: the smallest that raises at most 35 % of levels 3-5 to levels 1-2, or a larger one "
        "that still misses none of levels 1-2. A diagnosis below `diagnosis_abstain_below` is withheld: the threshold "
        "above which 95 % are right there; none below 0.5 is chosen, as such a label is likelier wrong than right.\n\n"
        f"{fitted}\nWhat `urgency_plausible_from` trades, on that split:\n\n" + "\n".join(lines) + "\n"
    )
