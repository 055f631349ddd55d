"""The reference names every metric with its type and labels, and no other."""

import re
from pathlib import Path

from prometheus_client.metrics import MetricWrapperBase

from streams import metrics

DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"

Row = tuple[str, str, frozenset[str]]


def _documented() -> list[Row]:
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    cells = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("| `triage_")
    ]
    return [
        (name.strip("`"), kind, frozenset(re.findall(r"`(\w+)`", labels))) for name, kind, labels, _ in cells
    ]


def _defined() -> list[Row]:
    rows = []
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            (family,) = metric.describe()
            name = f"{family.name}_total" if family.type == "counter" else family.name
            rows.append((name, family.type, frozenset(metric._labelnames)))
    return rows


def test_the_reference_names_every_metric_with_its_type_and_labels_and_no_other() -> None:
    assert _documented() == sorted(_defined())


def test_what_is_measured_is_exported() -> None:
    defined = {name for name, value in vars(metrics).items() if isinstance(value, MetricWrapperBase)}
    assert defined == set(metrics.__all__)
