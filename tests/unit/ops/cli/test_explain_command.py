"""`triage models explain` begins with the decision and its version; figures are for who asks for them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from ops.cli import models_watch
from ops.cli.main import app
from ops.release.explain import Decided, VersionFacts

MOMENT = datetime(2026, 11, 27, 4, 39, tzinfo=UTC)
CARD = {
    "data": [{"source": "corpus", "licence": "Apache-2.0"}],
    "rows": {"train": {"corpus": 7}},
    "results": [
        {
            "test_set": "ktas",
            "task": "urgency",
            "system": "BERT",
            "n": 9,
            "figures": {"qwk": {"value": 0.5}},
        }
    ],
}


@contextmanager
def _opened() -> Iterator[tuple[Any, Any]]:
    yield SimpleNamespace(steps=list, versions=None), None


@pytest.fixture(autouse=True)
def _decided(monkeypatch: pytest.MonkeyPatch) -> None:
    decided = [
        Decided("ward", "m1", "diagnosis", "diabetes", "3", MOMENT),
        Decided("ward", "m1", "urgency", "level 2, decided by rule", None, MOMENT),
    ]
    reader = SimpleNamespace(close=lambda: None)
    monkeypatch.setattr(models_watch, "opened", _opened)
    monkeypatch.setattr(models_watch, "librdkafka_config", lambda _: {})
    monkeypatch.setattr("streams.adapters.kafka_reader.KafkaReader", lambda _: reader)
    monkeypatch.setattr("ops.release.explain.decisions_about", lambda *_: decided)
    monkeypatch.setattr(
        "ops.release.explain.facts_of", lambda version, *_: VersionFacts(version, "ab", True, (), CARD)
    )


def _lines(*words: str) -> list[str]:
    result = CliRunner().invoke(app, ["models", "explain", "m1", *words])
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def test_the_decision_and_its_version_come_first() -> None:
    first, second, *rest = _lines()
    assert first == "diagnosis: diabetes  (version 3)  2026-11-27T04:39:00+00:00  ward"
    assert second.startswith("urgency: level 2, decided by rule  (no model: rules alone)")
    assert "version 3: content sha256 ab, unchanged since" in rest


def test_figures_are_shown_where_asked_for() -> None:
    assert not any("qwk" in line for line in _lines())
    assert _lines("--figures")[-1] == "  ktas, urgency, BERT, n 9: qwk 0.500"


def test_programs_get_everything() -> None:
    assert json.loads(_lines("--json")[0])["versions"][0]["card"]["results"][0]["n"] == 9
