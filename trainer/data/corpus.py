"""The written corpus as rows: both labels, English, both with and without vital signs."""

import json

from schemas import Sex, VitalSigns
from streams.text import vitals_vector
from trainer.corpus import CorpusMessage, generate
from trainer.data.rows import Row

__all__ = ["SOURCE", "load", "to_row"]

SOURCE = "corpus"


def load(count: int, seed: int) -> list[Row]:
    """Write `count` English messages; the same seed writes the same ones."""
    return [to_row(message) for message in generate(count, seed=seed, language="en")]


def to_row(message: CorpusMessage) -> Row:
    """Turn one written message into a row; messages of one family stay together."""
    # Through JSON: the contract is strict, and this is how a message reaches it in service.
    vitals = None if message.vitals is None else VitalSigns.model_validate_json(json.dumps(message.vitals))
    return Row(
        source=SOURCE,
        text=message.text,
        group=f"{SOURCE}/{message.family}",
        vitals=vitals_vector(
            vitals,
            age_years=message.age_years,
            sex=None if message.sex is None else Sex(message.sex),
            pregnant=message.pregnant,
        ),
        diagnosis=message.diagnosis,
        urgency_level=message.urgency_level,
        language=message.language,
    )
