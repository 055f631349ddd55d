"""Which findings cause an answer: one is put in, or taken out, and everything else stays."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from trainer.data.rows import DIAGNOSIS_LABELS, Row
from trainer.data.splits import cluster
from trainer.evaluation.budget import Budget
from trainer.evaluation.evidence import Evidence
from trainer.evaluation.intervals import BOOTSTRAP, SEED, WILSON, resampled, share
from trainer.evaluation.sections import Cell, Section, Table
from trainer.evaluation.version import JudgedVersion, Readings

__all__ = ["counterfactuals"]

_URGENT = 2


@dataclass(frozen=True, slots=True)
class _Finding:
    """`sentence` speaks for `label`; `named` finds it in a text that has it already."""

    name: str
    sentence: str
    label: str
    named: str


_FINDINGS = (
    _Finding(
        "pressing chest pain",
        "There is pressing chest pain on effort.",
        "heart_disease",
        r"chest (?:pain|tightness|pressure|discomfort)",
    ),
    _Finding(
        "breathless lying flat",
        "Breathless when lying flat, ankles swollen.",
        "heart_disease",
        r"short(?:ness)? of breath|breathless|dyspn\w+",
    ),
    _Finding(
        "thirst and much urine",
        "Very thirsty and passing a lot of urine.",
        "diabetes",
        r"thirst\w*|urinat\w+|polyuria|polydipsia",
    ),
    _Finding(
        "high blood sugar", "The blood sugar reads 380.", "diabetes", r"(?:blood )?(?:sugar|glucose)\w*"
    ),
    _Finding(
        "high blood pressure",
        "The blood pressure reads 190 over 115.",
        "hypertension",
        r"blood pressure|hypertens\w+",
    ),
    _Finding(
        "growing lump, weight lost",
        "A hard lump that grows, and weight lost without trying.",
        "cancer",
        r"lump\w*|weight loss|lost weight|losing weight",
    ),
)
_NEUTRAL = "There was some rain on the way here."


def counterfactuals(version: JudgedVersion, evidence: Evidence, budget: Budget) -> Section:
    """Return what each finding does to the answers."""
    rows = evidence.mixed(budget.varied_rows, SEED)
    clusters = cluster(rows)
    before = version.read(rows, title="as they are")
    neutral = _with(version, rows, _NEUTRAL)
    put_in = tuple(_put_in(version, rows, clusters, neutral, finding) for finding in _FINDINGS)
    taken_out = tuple(
        line
        for finding in _FINDINGS
        if (line := _taken_out(version, rows, clusters, before, finding)) is not None
    )
    return Section(
        key="counterfactuals",
        title="Interventions on findings",
        method=f"{len(rows)} test rows, every test set in like number. Put in: one sentence after the text, against an "
        "irrelevant sentence there. Taken out: the words that name it, alone, where a text has them. Rise and fall are "
        "of the probability of the label that the finding speaks for; urgent: published as level 1-2.",
        n=len(rows),
        seed=SEED,
        interval=f"Probabilities: {BOOTSTRAP}. Shares: {WILSON}.",
        tables=(
            Table(
                "Put in",
                ("finding", "label", "n", "rise", "other labels that become it", "others that become urgent"),
                put_in,
            ),
            Table(
                "Taken out",
                ("finding", "label", "n", "fall", "answered so that change", "level less urgent"),
                taken_out,
            ),
        ),
    )


def _with(version: JudgedVersion, rows: Sequence[Row], sentence: str) -> Readings:
    told = [replace(row, text=f"{row.text.rstrip('.')}. {sentence}") for row in rows]
    return version.read(told, title="finding put in")


def _put_in(
    version: JudgedVersion,
    rows: Sequence[Row],
    clusters: NDArray[np.int64],
    neutral: Readings,
    finding: _Finding,
) -> tuple[Cell, ...]:
    after, label = _with(version, rows, finding.sentence), DIAGNOSIS_LABELS.index(finding.label)
    rise = after.diagnosis[:, label] - neutral.diagnosis[:, label]
    return (
        finding.name,
        finding.label,
        len(rows),
        resampled(lambda at: float(rise[at].mean()), clusters.tolist(), seed=SEED),
        share(after.label == label, neutral.label != label),
        share(after.published < _URGENT, neutral.published >= _URGENT),
    )


def _taken_out(
    version: JudgedVersion,
    rows: Sequence[Row],
    clusters: NDArray[np.int64],
    before: Readings,
    finding: _Finding,
) -> tuple[Cell, ...] | None:
    named = re.compile(rf"\b(?:{finding.named})\b", re.IGNORECASE)
    cut = [(at, text) for at, row in enumerate(rows) if _has_words(text := named.sub("", row.text), row.text)]
    if not cut:
        return None
    at, label = np.array([number for number, _ in cut]), DIAGNOSIS_LABELS.index(finding.label)
    kept = [rows[number] for number in at]
    after = version.read(
        [replace(row, text=text) for row, (_, text) in zip(kept, cut, strict=True)], title="finding taken out"
    )
    fall = before.diagnosis[at, label] - after.diagnosis[:, label]
    return (
        finding.name,
        finding.label,
        len(cut),
        resampled(lambda chosen: float(fall[chosen].mean()), clusters[at].tolist(), seed=SEED),
        share(after.label != label, before.label[at] == label),
        share(after.published > before.published[at]),
    )


def _has_words(text: str, whole: str) -> bool:
    return text != whole and bool(re.search(r"\w", text))
