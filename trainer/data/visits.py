"""The written emergency visits as rows: urgency only, telegraphic, with vital signs."""

import json

from schemas import Sex, VitalSigns
from streams.text import vitals_vector
from trainer.corpus.visits import Visit, visits
from trainer.data.rows import Row

__all__ = ["SOURCE", "load", "to_row"]

SOURCE = "visits"


def load(count: int, seed: int) -> list[Row]:
    """Write `count` visits; the same seed writes the same ones."""
    return [to_row(visit) for visit in visits(count, seed=seed)]


def to_row(visit: Visit) -> Row:
    """Turn one visit into a row; visits of one complaint stay together."""
    # Through JSON, as in `trainer.data.corpus`.
    vitals = VitalSigns.model_validate_json(json.dumps(visit.vitals))
    return Row(
        source=SOURCE,
        text=visit.text,
        group=f"{SOURCE}/{visit.complaint}",
        vitals=vitals_vector(vitals, age_years=visit.age_years, sex=Sex(visit.sex), pregnant=None),
        urgency_level=visit.urgency_level,
        language="en",
    )
