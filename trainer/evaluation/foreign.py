"""Does it notice text that it was not made for? Real conversations, questions, another language, another format."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from trainer.data import toyhom
from trainer.data.rows import NO_VITALS, Row
from trainer.data.splits import cluster
from trainer.evaluation.budget import Budget
from trainer.evaluation.evidence import Evidence, sampled
from trainer.evaluation.intervals import BOOTSTRAP, SEED, WILSON, resampled_area, share
from trainer.evaluation.sections import Cell, Section, Table, left_out
from trainer.evaluation.version import JudgedVersion, Readings
from trainer.metrics import Figure

__all__ = ["foreign_texts", "out_of_domain"]

_CHARACTERS = 1000
_FALSE_FLAGS = (0.01, 0.05)
_KEY, _TITLE = "out_of_domain", "Out-of-domain detection"


def foreign_texts(data: Path, count: int, seed: int) -> dict[str, tuple[str, ...]]:
    """Return up to `count` texts, cut at 1,000 characters, of each source that lies under `data`."""
    found = {}
    for (folder, what), read in _READERS.items():
        if (data / folder).is_dir():
            texts = sorted({text[:_CHARACTERS] for text in read(data) if text.strip()})
            found[f"{folder}, {what}"] = tuple(Random(seed).sample(texts, min(count, len(texts))))
    return found


def out_of_domain(version: JudgedVersion, evidence: Evidence, budget: Budget) -> list[Section]:
    """Return how well three scores tell foreign text from test rows."""
    data = evidence.development
    texts = {} if data is None else foreign_texts(data, budget.foreign_texts, SEED)
    if not texts:
        return [left_out(_KEY, _TITLE, "no foreign text is at hand (development data)")]
    own = evidence.mixed(budget.foreign_texts * 3, SEED)
    strangers = {name: [_row(text, name) for text in found] for name, found in texts.items()}
    everything = [*own, *(row for foreign in strangers.values() for row in foreign)]
    clusters = dict(zip(everything, cluster(everything).tolist(), strict=True))
    home = version.read(own, title="own text")
    above = version.profile.thresholds.out_of_domain_above
    rows: list[tuple[Cell, ...]] = []
    flagged: list[tuple[Cell, ...]] = [("test rows", len(own), share(home.distance > above))]
    limits = _limits(version, evidence, budget)
    at_limits: list[tuple[Cell, ...]] = [("test rows", len(own), *_above(home, limits))]
    for name, foreign in strangers.items():
        readings = version.read(foreign, title=name)
        groups = [clusters[row] for row in (*own, *foreign)]
        scores = [_area(home, readings, score, groups) for score in _SCORES.values()]
        rows.append((name, len(foreign), *scores))
        flagged.append((name, len(foreign), share(readings.distance > above)))
        at_limits.append((name, len(foreign), *_above(readings, limits)))
    absent = [folder for folder, _ in _READERS if not any(name.startswith(folder) for name in texts)]
    return [
        Section(
            key=_KEY,
            title=_TITLE,
            method=f"{len(own)} test rows against foreign text without vital signs, cut at {_CHARACTERS} characters. "
            "Distance: of the embedding to the training data (served). Energy: of the diagnosis logits (Liu et al., "
            "NeurIPS 2020). Maximum: 1 - the highest diagnosis probability (Hendrycks and Gimpel, ICLR 2017). In "
            "service the language is named first, and text of an unsupported one is not judged by the model at all.",
            n=len(everything),
            seed=SEED,
            interval=f"AUROC: {BOOTSTRAP}. Shares: {WILSON}.",
            tables=(
                Table("AUROC: foreign text scores higher", ("source", "n", *_SCORES), tuple(rows)),
                Table(
                    f"Flagged at the served threshold ({above:.3g})",
                    ("source", "n", "flagged"),
                    tuple(flagged),
                ),
                Table(
                    "Flagged at thresholds that so many of the calibration rows would pass",
                    ("source", "n", *(f"{score}, {passed:.0%}" for score, passed in limits)),
                    tuple(at_limits),
                ),
            ),
            notes=tuple(f"{folder}: left out, it is not there" for folder in absent),
        )
    ]


_SCORES: Mapping[str, Callable[[Readings], NDArray[np.float64]]] = {
    "distance (served)": lambda readings: readings.distance,
    "energy": lambda readings: readings.energy,
    "maximum": lambda readings: 1.0 - readings.confidence,
}


def _limits(version: JudgedVersion, evidence: Evidence, budget: Budget) -> dict[tuple[str, float], float]:
    """Return each score's threshold by the share of calibration rows above it; nothing without such rows."""
    known = sampled(evidence.calibration, budget.training_rows, SEED)
    if not known:
        return {}
    readings = version.read(known, title="calibration rows")
    return {
        (name, passed): float(np.quantile(score(readings), 1.0 - passed))
        for name, score in _SCORES.items()
        for passed in _FALSE_FLAGS
    }


def _above(readings: Readings, limits: Mapping[tuple[str, float], float]) -> list[Figure]:
    return [share(_SCORES[name](readings) > limit) for (name, _), limit in limits.items()]


def _area(
    home: Readings, foreign: Readings, score: Callable[[Readings], NDArray[np.float64]], groups: Sequence[int]
) -> Figure:
    scores = np.concatenate([score(home), score(foreign)])
    return resampled_area(scores, np.arange(len(scores)) >= len(home.distance), groups, seed=SEED)


def _row(text: str, source: str) -> Row:
    return Row(source, text, text, NO_VITALS)


def _meqsum(data: Path) -> Iterator[str]:
    with (data / "meqsum" / "meqsum.jsonl").open(encoding="utf-8") as stream:
        yield from (json.loads(line)["message"] for line in stream)


def _dialogues(data: Path) -> Iterator[str]:
    for path in sorted(data.glob("*.csv")):
        with path.open(encoding="utf-8", newline="", errors="replace") as stream:
            yield from (record.get("dialogue") or "" for record in csv.DictReader(stream))


def _raw(data: Path) -> Iterator[str]:
    for path in sorted((data / "hl7v2_samples").glob("*.hl7")):
        yield path.read_text(encoding="utf-8", errors="replace")


_READERS: Mapping[tuple[str, str], Callable[[Path], Iterator[str]]] = {
    ("mts_dialog", "conversations"): lambda data: _dialogues(data / "mts_dialog"),
    ("aci_bench", "conversations"): lambda data: _dialogues(data / "aci_bench"),
    ("meqsum", "consumer questions"): _meqsum,
    ("toyhom_zh", "Chinese questions"): lambda data: (row.text for row in toyhom.load(data)),
    ("hl7v2_samples", "raw HL7"): _raw,
}
