"""The last steps of every version: calibrate the exported graph, judge it on the test split, write its card."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from streams.text import Windower
from trainer.data.dataset import Dataset
from trainer.data.rows import Row
from trainer.data.splits import Splits
from trainer.evaluate import Result, baseline_results, model_results
from trainer.fit import Fitted, fit
from trainer.model import TriageBert
from trainer.provenance import DataUse
from trainer.runs import MODEL_NAME
from trainer.served import ServedGraph
from trainer.tuning.config import TrainConfig
from trainer.versions import copy_server_files, counted, write_card, write_profile

__all__ = ["Packaged", "by_source", "package", "spread_rows"]


@dataclass(frozen=True, slots=True)
class Packaged:
    """What was fitted on the calibration split and measured on the test split."""

    fitted: Fitted
    results: tuple[Result, ...]


def package(
    model: TriageBert,
    windower: Windower,
    dataset: Dataset,
    config: TrainConfig,
    version_dir: Path,
    *,
    system: str,
    baselines: bool = True,
    domain_rows: int | None = None,
    notes: Sequence[str] = (),
) -> Packaged:
    """Make a version of the `model.onnx` and `tokenizer.json` that lie in `version_dir`; named by number.

    `system` names the graph on the card. `domain_rows`: at most so many training rows for the domain statistics.
    """
    splits = dataset.splits
    known = splits.train if domain_rows is None else spread_rows(splits.train, domain_rows)
    copy_server_files(version_dir, model.diagnosis_head.in_features)
    graph = ServedGraph(version_dir / "model.onnx", windower, workers=config.threads)
    fitted = fit(graph, splits.calibration)
    profile = write_profile(
        graph,
        Splits(known, splits.calibration, splits.test),
        fitted,
        version_dir,
        name=MODEL_NAME,
        version=version_dir.name,
        language=config.language,
        window_tokens=config.max_length,
    )
    results: list[Result] = []
    for name, rows in by_source(splits.test).items():
        served = graph.ask(rows, title=f"ask {name}")
        results += model_results(system, f"{name}, held out", rows, served, fitted.calibrated)
        if baselines:
            results += baseline_results(f"{name}, held out", splits.train, rows)
    origins = dataset.manifest.origins
    write_card(
        model,
        profile,
        fitted,
        results,
        counted(splits),
        [DataUse(one.source, one.description, one.provenance, one.licence) for one in origins],
        config.recipe(),
        version_dir,
        encoder=config.encoder,
        data_sha256=dataset.manifest.content_sha256,
        notes=notes,
        graph=system,
    )
    return Packaged(fitted, tuple(results))


def by_source(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return the rows of each source, by its name."""
    names = sorted({row.source for row in rows})
    return {name: [row for row in rows if row.source == name] for name in names}


def spread_rows(rows: Sequence[Row], at_most: int) -> tuple[Row, ...]:
    """Return at most so many of `rows`, spread evenly: they lie source by source."""
    return tuple(rows[:: max(1, -(-len(rows) // at_most))])
