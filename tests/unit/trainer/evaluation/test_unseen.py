"""A source left out of training is shown with what the card says of it, and with nothing that it does not say."""

import json
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from trainer.evaluation.sections import Cell
from trainer.evaluation.unseen import unseen_sources
from trainer.evaluation.version import JudgedVersion
from trainer.metrics import Figure

CARD = Path(__file__).parents[4] / "model_repo" / "triage_bert" / "1" / "model_card.json"
FIGURE = Figure(0.2, 0.1, 0.3, 40)


def shown(card: dict[str, Any]) -> dict[str, Cell]:
    [section] = unseen_sources(cast("JudgedVersion", SimpleNamespace(card=card)))
    table = section.tables[0]
    return dict(zip(table.columns, table.rows[0], strict=True))


def test_the_sick_that_were_missed_stand_beside_macro_f1() -> None:
    result = {
        "test_set": "there, source unseen",
        "task": "diagnosis",
        "system": "ours",
        "n": 40,
        "figures": dict.fromkeys(
            ("macro_f1", "recall_normal", "sick_as_normal", "others_called_sick"), asdict(FIGURE)
        ),
    }
    figures = shown({"results": [result]})
    assert list(figures)[3:5] == ["macro_f1", "sick_as_normal"]
    assert figures["sick_as_normal"] == figures["others_called_sick"] == FIGURE


def test_a_card_that_does_not_count_them_has_no_empty_column() -> None:
    figures = shown(json.loads(CARD.read_text(encoding="utf-8")))
    assert list(figures)[3:] == ["macro_f1", "recall_normal"]
