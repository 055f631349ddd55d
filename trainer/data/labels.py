"""Whether rows carry something that can be learned, and whether every class of the model has some."""

from collections.abc import Sequence

from trainer.data.errors import EmptyClasses, NothingToLearn
from trainer.data.rows import DIAGNOSIS_LABELS, URGENCY_LEVELS, Row
from trainer.data.splits import Splits
from trainer.data.words import plain

__all__ = ["check_every_class", "check_labels", "contradictions", "empty_classes", "told_empty"]

_TASKS = (DIAGNOSIS_LABELS, tuple(f"level_{level}" for level in URGENCY_LEVELS))


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


def empty_classes(splits: Splits) -> dict[str, tuple[str, ...]]:
    """Return the classes without a row of each split that has rows; a task without any label is no class's lack."""
    parts = {"train": splits.train, "calibration": splits.calibration, "test": splits.test}
    had = {name: _classes(rows) for name, rows in parts.items()}
    known = set().union(*had.values())
    wanted = [label for task in _TASKS if known & set(task) for label in task]
    lacking = {
        name: tuple(label for label in wanted if label not in had[name])
        for name, rows in parts.items()
        if rows
    }
    return {name: labels for name, labels in lacking.items() if labels}


def check_every_class(splits: Splits) -> None:
    """Raise EmptyClasses where a class has no row to learn from: the model could never give that answer."""
    if absent := empty_classes(splits).get("train"):
        raise EmptyClasses(absent)


def told_empty(splits: Splits) -> tuple[str, ...]:
    """Return what a reader has to know of the classes without a row, one sentence for each split."""
    means = {
        "train": "a version cannot be trained on this data alone",
        "calibration": "temperatures and thresholds are fitted without",
        "test": "how well it does is not measured",
    }
    wholly = {"calibration": splits.calibration, "test": splits.test}
    without = tuple(f"{name} split: no rows: {means[name]}." for name, rows in wholly.items() if not rows)
    return without + tuple(
        f"{name} split: no row of {', '.join(labels)}: {means[name]}."
        for name, labels in empty_classes(splits).items()
    )


def contradictions(rows: Sequence[Row]) -> list[tuple[int, ...]]:
    """Return the positions of rows with one text (case and spaces aside) and one set of measurements, labelled unlike.

    A row without a label contradicts none. Two visits may be so in truth: what to do with them is the reader's to say.
    """
    alike: dict[tuple[str, bytes], list[int]] = {}
    for position, row in enumerate(rows):
        alike.setdefault((plain(row.text), row.vitals.tobytes()), []).append(position)
    return [
        tuple(positions)
        for positions in alike.values()
        if len({rows[at].diagnosis for at in positions} - {None}) > 1
        or len({rows[at].urgency_level for at in positions} - {None}) > 1
    ]


def _classes(rows: Sequence[Row]) -> set[str]:
    return {row.diagnosis for row in rows if row.diagnosis is not None} | {
        f"level_{row.urgency_level}" for row in rows if row.urgency_level is not None
    }
