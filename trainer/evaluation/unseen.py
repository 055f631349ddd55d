"""The headline: figures of weights made without a source, on that source, as the version's card recorded them."""

from collections.abc import Mapping
from typing import Any

from trainer.evaluation.sections import Section, Table
from trainer.evaluation.version import JudgedVersion
from trainer.metrics import Figure

__all__ = ["unseen_sources"]

_SHOWN = {
    "diagnosis": ("macro_f1", "sick_as_normal", "others_called_sick", "recall_normal"),
    "urgency": ("qwk", "sensitivity_1_2", "under_triage", "over_triage", "urgent_auroc"),
}


def unseen_sources(version: JudgedVersion) -> list[Section]:
    """Return what the card says of sources left out of training; nothing where it says nothing."""
    results = [
        result for result in version.card.get("results", ()) if "source unseen" in str(result["test_set"])
    ]
    tables = tuple(
        _table(task, found) for task in _SHOWN if (found := [r for r in results if r["task"] == task])
    )
    if not tables:
        return []
    return [
        Section(
            key="unseen_sources",
            title="Leave one source out",
            method="Recorded on the version's card when it was made, of OTHER weights than those judged below: made by "
            "the same recipe without the source named, in training and in calibration. The closest to a new hospital "
            "that the data allows.",
            n=sum({result["test_set"]: int(result["n"]) for result in results}.values()),
            seed=None,
            interval="As on the card: 95 % bootstrap over clusters of near-duplicates",
            tables=tables,
        )
    ]


def _table(task: str, results: list[Mapping[str, Any]]) -> Table:
    columns = [name for name in _SHOWN[task] if any(name in result["figures"] for result in results)]
    rows = tuple(
        (
            result["test_set"],
            result["system"],
            int(result["n"]),
            *(_figure(result["figures"].get(name)) for name in columns),
        )
        for result in results
    )
    return Table(task.capitalize(), ("test set", "system", "n", *columns), rows)


def _figure(record: Mapping[str, Any] | None) -> Figure | None:
    if record is None:
        return None
    return Figure(record["value"], record["low"], record["high"], record["n"])
