"""Whether rows carry something that can be learned."""

from collections.abc import Sequence

from trainer.data.errors import NothingToLearn
from trainer.data.rows import Row

__all__ = ["check_labels"]


def check_labels(rows: Sequence[Row]) -> None:
    """Raise NothingToLearn where there are no rows, no labels, or one label only."""
    if not rows:
        raise NothingToLearn("there are 0 rows")
    for task, labels in (
        ("diagnosis", {row.diagnosis for row in rows} - {None}),
        ("urgency_level", {row.urgency_level for row in rows} - {None}),
    ):
        if len(labels) == 1:
            raise NothingToLearn(f"{task}: every row has the one label {next(iter(labels))}")
    if all(row.diagnosis is None and row.urgency_level is None for row in rows):
        raise NothingToLearn("no row has a label")
