"""A source left out of training is shown with what the card says of it, and with nothing that it does not say."""

from dataclasses import asdict
from types import SimpleNamespace
from typing import Any, cast

from trainer.evaluation.sections import Cell
from trainer.evaluation.unseen import unseen_sources
from trainer.evaluation.version import JudgedVersion
from trainer.metrics import Figure

FIGURE = Figure(0.2, 0.1, 0.3, 40)


def shown(card: dict[str, Any]) -> dict[str, Cell]:
    [section] = unseen_sources(cast("JudgedVersion", SimpleNamespace(card=card)))
    table = section.tables[0]
    return dict(zip(table.columns, table.rows[0], strict=True))


def result(*figures: str) -> dict[str, Any]:
    told = dict.fromkeys(figures, asdict(FIGURE))
    return {
        "test_set": "there, source unseen",
        "task": "diagnosis",
        "system": "ours",
        "n": 40,
        "figures": told,
    }


def test_the_sick_that_were_missed_stand_beside_macro_f1() -> None:
    counted = result("macro_f1", "recall_normal", "sick_as_normal", "others_called_sick")
    figures = shown({"results": [counted]})
    assert list(figures)[3:5] == ["macro_f1", "sick_as_normal"]
    assert figures["sick_as_normal"] == figures["others_called_sick"] == FIGURE


def test_a_card_that_does_not_count_them_has_no_empty_column() -> None:
    figures = shown({"results": [result("macro_f1", "recall_normal")]})
    assert list(figures)[3:] == ["macro_f1", "recall_normal"]
