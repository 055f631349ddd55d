"""What the runs of `triage bench methods` say: figures with intervals, and the tables in Markdown."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from ops.bench.method_run import Outcome, TestSet, judged_sets
from trainer.data.dataset import Dataset
from trainer.data.rows import DIAGNOSIS_LABELS, URGENCY_LEVELS, labelled
from trainer.evaluation.repeated import Resampling
from trainer.metrics import Figure, macro_f1, quadratic_weighted_kappa

__all__ = ["BASELINE", "REFERENCE", "Comparison", "Line", "compare", "markdown", "replace_table"]

BASELINE, REFERENCE = "TF-IDF + logistic regression", "default"
_PLACE = "triage bench methods"


@dataclass(frozen=True, slots=True)
class Line:
    """One method: figures by test set, their difference from REFERENCE (None for itself), mean cost of a run."""

    method: str
    seeds: int
    figures: Mapping[str, Figure]
    differences: Mapping[str, Figure] | None
    trained_parameters: int | None
    minutes: float | None
    cpu_minutes: float
    peak_memory_mb: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """`test_sets`: rows by name of the test set and figure, as in the lines."""

    budget: str
    training_rows: int
    data_sha256: str
    test_sets: Mapping[str, int]
    lines: tuple[Line, ...]


def compare(
    dataset: Dataset, outcomes: Mapping[str, Sequence[Outcome]], *, training_rows: int, budget: str
) -> Comparison:
    """Judge all methods on the same resamples of the test rows."""
    splits = dataset.splits
    sets = {_name(key, splits.train): (key, rows) for key, rows in judged_sets(splits.test).items()}
    cluster_of = {id(row): number for row, number in zip(dataset.rows, dataset.clusters, strict=True)}
    figures: dict[str, dict[str, Figure]] = {method: {} for method in outcomes}
    differences: dict[str, dict[str, Figure]] = {method: {} for method in outcomes}
    for name, (key, rows) in sets.items():
        task = key[1]
        classes, statistic = (
            (len(DIAGNOSIS_LABELS), macro_f1)
            if task == "diagnosis"
            else (len(URGENCY_LEVELS), quadratic_weighted_kappa)
        )
        resampling = Resampling(
            labelled(rows, task)[1], [int(cluster_of[id(row)]) for row in rows], classes=classes
        )
        answers = {method: [run.to(key) for run in runs] for method, runs in outcomes.items()}
        for method, given in answers.items():
            figures[method][name] = resampling.figure(given, statistic)
            if method != REFERENCE and REFERENCE in answers:
                differences[method][name] = resampling.figure(given, statistic, minus=answers[REFERENCE])
    lines = tuple(
        Line(
            method,
            len(runs),
            figures[method],
            differences[method] or None,
            runs[0].trained_parameters,
            _mean([run.minutes for run in runs]),
            mean(run.cpu_minutes for run in runs),
            _mean([run.peak_memory_mb for run in runs]),
        )
        for method, runs in outcomes.items()
    )
    counts = {name: len(rows) for name, (_, rows) in sets.items()}
    return Comparison(budget, training_rows, dataset.manifest.content_sha256, counts, lines)


def markdown(comparison: Comparison) -> str:
    """Return both tables, and what they rest on."""
    names = list(comparison.test_sets)
    head = [f"{name} (n = {count})" for name, count in comparison.test_sets.items()]
    cost = ["trained parameters", "CPU minutes", "peak MB"]
    figures = [
        [line.method, *(_cell(line.figures[name]) for name in names), *_cost(line)]
        for line in comparison.lines
    ]
    differences = [
        [line.method, *(_signed(line.differences[name]) for name in names)]
        for line in comparison.lines
        if line.differences is not None
    ]
    return "\n".join(
        [
            f"{comparison.training_rows} training rows, {comparison.budget}. Rows: `{comparison.data_sha256[:12]}`.",
            "",
            *_table(["method", *head, *cost], figures),
            "",
            f"Difference from `{REFERENCE}`, paired; bold where its interval excludes 0:",
            "",
            *_table(["method", *names], differences),
        ]
    )


def replace_table(document: Path, text: str, *, place: str = "") -> None:
    """Put `text` between the marks of `document` that name `place`; without them, they and it come at the end."""
    before = document.read_text(encoding="utf-8") if document.exists() else "# Methods of fine-tuning\n"
    begin, end = (f"<!-- {edge}: {' '.join((_PLACE, place)).strip()} -->" for edge in ("begin", "end"))
    marked = f"{begin}\n\n{text}\n\n{end}"
    pattern = re.compile(re.escape(begin) + ".*" + re.escape(end), re.DOTALL)
    after = (
        pattern.sub(lambda _: marked, before)
        if pattern.search(before)
        else f"{before.rstrip()}\n\n{marked}\n"
    )
    document.write_text(after, encoding="utf-8")


def _name(key: TestSet, train: Sequence[object]) -> str:
    source, task = key
    seen = any(getattr(row, "source", None) == source for row in train)
    figure = "macro-F1" if task == "diagnosis" else "QWK"
    return f"{source}, {'held out' if seen else 'unseen'}: {figure}"


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return mean(known) if known else None


def _cell(figure: Figure) -> str:
    return f"{figure.value:.2f} ({figure.low:.2f} to {figure.high:.2f})"


def _signed(figure: Figure) -> str:
    text = f"{figure.value:+.2f} ({figure.low:+.2f} to {figure.high:+.2f})"
    return f"**{text}**" if figure.low > 0 or figure.high < 0 else text


def _cost(line: Line) -> list[str]:
    parameters = "" if line.trained_parameters is None else f"{line.trained_parameters:,}"
    memory = "" if line.peak_memory_mb is None else f"{line.peak_memory_mb:.0f}"
    return [parameters, f"{line.cpu_minutes:.1f}", memory]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]
