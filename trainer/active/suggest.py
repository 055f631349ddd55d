"""From admitted messages and a version to the messages whose label would teach most."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from schemas import AdmittedMessage
from streams.adapters.model_bundle import load_bundle
from streams.text import vitals_vector
from trainer import calibrate
from trainer.active.choose import Candidates, choose
from trainer.data.errors import NothingToLearn
from trainer.data.json_lines import numbered_lines, read_each
from trainer.data.rows import Row
from trainer.served import ServedGraph

__all__ = ["Suggestion", "read_messages", "suggest"]

_URGENT_LEVELS = 2


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One message to look at, with why: how sure the most probable label is, and P(levels 1-2)."""

    source: str
    message_id: str
    label: str
    probability: float
    urgent: float


def read_messages(path: Path) -> list[AdmittedMessage]:
    """Read admitted messages, one as JSON a line, as the lanes hold them. Raises BadRows, NothingToLearn."""
    messages = read_each(AdmittedMessage, numbered_lines(path))
    if not messages:
        raise NothingToLearn(f"{path.name}: no message")
    return messages


def suggest(
    messages: Sequence[AdmittedMessage], version_dir: Path, count: int, *, workers: int = 1
) -> list[Suggestion]:
    """Return up to `count` messages, the most useful first. Raises ValueError, FileNotFoundError for no version."""
    bundle = load_bundle(version_dir)
    profile = bundle.profile
    graph = ServedGraph(version_dir / "model.onnx", bundle.windower, workers=workers)
    answers = graph.ask([_row(message) for message in messages], title="ask")
    labels = calibrate.probabilities(answers.diagnosis_logits, profile.diagnosis_temperature)
    levels = calibrate.probabilities(answers.urgency_logits, profile.urgency_temperature)
    urgent = np.asarray(levels[:, :_URGENT_LEVELS].sum(axis=1))
    chosen = choose(Candidates(answers.embedding, labels, urgent), count)
    return [
        Suggestion(
            source=messages[number].source,
            message_id=messages[number].message_id,
            label=profile.labels[int(labels[number].argmax())],
            probability=float(labels[number].max()),
            urgent=float(urgent[number]),
        )
        for number in chosen
    ]


def _row(message: AdmittedMessage) -> Row:
    return Row(
        source=message.source,
        text=message.text,
        group=f"{message.source}/{message.patient_id}",
        vitals=vitals_vector(
            message.vitals, age_years=message.age_years, sex=message.sex, pregnant=message.pregnant
        ),
        language=message.language,
    )
