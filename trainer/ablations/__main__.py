"""`python -m trainer.ablations COMMAND`: one Markdown table for docs/reference/ablations.md."""

from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

from trainer.ablations.crossval import figures
from trainer.ablations.diagnosis import DiagnosisFigures, unseen_sources
from trainer.ablations.embedded import Embedded
from trainer.ablations.finetuned import finetuned as cross_validated
from trainer.ablations.left_out import REFERENCE, compared, left_out, without_twins
from trainer.ablations.policy import SENSITIVITIES, chosen_threshold, flagged_by_rules, price
from trainer.ablations.urgency import SOURCES, HeadSetting, Judged, Visits, read_visits
from trainer.ablations.vitals import CODINGS, VITALS_SETTINGS, coded_otherwise, with_vitals_in_words
from trainer.data.corpus import SOURCE as STORIES
from trainer.data.visits import SOURCE as WRITTEN_VISITS
from trainer.metrics import Figure

__all__ = ["app"]

app = typer.Typer(add_completion=False, no_args_is_help=True)
Data = Annotated[Path, typer.Option(envvar="TRIAGE_DATA", help="Folder of the development data.")]
Deals = Annotated[int, typer.Option(help="How often the folds are dealt anew; figures are means.")]
DATA, CACHE = Path("../shared/data"), Path(".triage/embeddings")
URGENCY_COLUMNS = ("QWK", "AUROC of levels 1-2", "sensitivity at 0.35 flagged")


@app.command()
def sources(data: Data = DATA, deals: Deals = 1) -> None:
    """Urgency by training source: written stories, written visits, real visits, and together."""
    visits = _read(data)
    _heading("trained on", *URGENCY_COLUMNS)
    baseline = [astuple(figures(visits.bag_of_words(seed), visits.levels)) for seed in range(deals)]
    _line("real visits, TF-IDF + logistic regression", *(float(value) for value in np.mean(baseline, axis=0)))
    for name, (written, real) in SOURCES.items():
        heads = _heads(visits, HeadSetting(written=written, real=real), deals)
        _line(name, *_mean(visits, heads))


@app.command()
def vitals(data: Data = DATA, deals: Deals = 1) -> None:
    """Urgency by the way vital signs enter and are recorded, trained with real visits of a hospital and without any."""
    visits = _read(data, written=(WRITTEN_VISITS,))
    worded = with_vitals_in_words(visits, CACHE)
    _heading("vital signs", "recorded", *URGENCY_COLUMNS)
    for name, (setting, in_words) in VITALS_SETTINGS.items():
        asked = worded if in_words else visits
        heads = _heads(asked, setting, deals)
        for coding in CODINGS:
            other = coded_otherwise(asked, coding, CACHE, in_words=in_words)
            _line(name, coding, *_mean(asked, heads, other))
    _vitals_left_out(visits)


def _vitals_left_out(visits: Visits) -> None:
    apart = without_twins(visits)
    trained = ", ".join(f"{len(part.rows)} {name}" for name, part in apart.written.items())
    typer.echo(f"\nNo real visit, and no written row that is alike to one: {trained}.\n")
    _heading(
        "vital signs", "hidden in training", "recorded", *URGENCY_COLUMNS, "QWK of hidden numbers less this"
    )
    answered = list(left_out(apart, CACHE))
    reference = {one.coding: one for one in answered if (one.way, one.hidden) == REFERENCE}
    for one in answered:
        cells = compared(apart, one, reference[one.coding])
        _line(one.way, "yes" if one.hidden else "no", one.coding, *map(_with_interval, cells))


def _with_interval(figure: Figure) -> str:
    return f"{figure.value:.2f} ({figure.low:.2f}-{figure.high:.2f})"


@app.command()
def policy(data: Data = DATA, seed: Annotated[int, typer.Option()] = 0) -> None:
    """Rules alone, model alone, both: what finding levels 1-2 costs. Thresholds come from the other folds."""
    visits = _read(data)
    p = visits.answers(visits.heads(HeadSetting(written=("visits",), real=True), seed))
    score, urgent, rules = p[:, :2].sum(axis=1), visits.levels < 2, flagged_by_rules(visits.real.rows)
    nothing = np.zeros_like(rules)
    _heading("decided by", "wanted sensitivity", "sensitivity of levels 1-2", "levels 3-5 flagged")
    _line("rules", "", *price(rules, urgent))
    for name, by_rule in (("model", nothing), ("rules and model", rules)):
        for wanted in SENSITIVITIES:
            flagged = by_rule.copy()
            for train, test in visits.folds(seed):
                threshold = chosen_threshold(score[train], by_rule[train], urgent[train], wanted)
                flagged[test] |= score[test] >= threshold
            _line(name, f"{wanted:.2f}", *price(flagged, urgent))


@app.command()
def finetuned(
    data: Data = DATA,
    seed: Annotated[int, typer.Option()] = 0,
    written: Annotated[int, typer.Option(help="Written visits to train on, too; they cost minutes.")] = 0,
) -> None:
    """Urgency of the whole model, fine-tuned in each of five folds, beside logistic regression."""
    levels, answers = cross_validated(data, seed, written, lambda line: typer.echo(line, err=True))
    _heading("model", *URGENCY_COLUMNS)
    for name, p in answers.items():
        _line(name, *astuple(figures(p, levels)))


@app.command()
def diagnosis(data: Data = DATA) -> None:
    """Diagnosis on sources that took no part in training."""
    torch.set_num_threads(1)
    _heading("trained on", "judged on", *DiagnosisFigures.COLUMNS)
    for trained, judged, found in unseen_sources(data, CACHE):
        _line(trained, judged, *astuple(found))


def _read(data: Path, written: Sequence[str] = (STORIES, WRITTEN_VISITS)) -> Visits:
    torch.set_num_threads(1)  # small matrices: more threads only wait for each other
    return read_visits(data, CACHE, written)


def _heads(visits: Visits, setting: HeadSetting, deals: int) -> list[list[Judged]]:
    return [visits.heads(setting, seed) for seed in range(deals)]


def _mean(visits: Visits, heads: Sequence[Sequence[Judged]], ask: Embedded | None = None) -> list[float]:
    found = [astuple(figures(visits.answers(dealt, ask), visits.levels)) for dealt in heads]
    return [float(value) for value in np.mean(found, axis=0)]


def _heading(*columns: str) -> None:
    typer.echo("| " + " | ".join(columns) + " |\n" + "|---" * len(columns) + "|")


def _line(*cells: str | float) -> None:
    typer.echo("| " + " | ".join(cell if isinstance(cell, str) else f"{cell:.2f}" for cell in cells) + " |")


if __name__ == "__main__":
    app()
