import json
from dataclasses import replace
from pathlib import Path

from trainer import card
from trainer.calibrate import TradeOff
from trainer.evaluate import Result, table
from trainer.metrics import Figure
from trainer.provenance import DATA, LIMITS

FIGURE = Figure(0.5, 0.4, 0.6, 10)
RESULTS = [
    Result("here", "diagnosis", "model", 10, {"macro_f1": FIGURE, "recall_normal": FIGURE}, 0.05),
    Result("there", "diagnosis", "majority", 12, {"macro_f1": FIGURE}),
    Result("here", "urgency", "model", 10, {"qwk": FIGURE}, 0.07),
]
CARD = card.ModelCard(
    name="triage_bert",
    version="1",
    encoder="a small BERT",
    parameters=22_000_000,
    recipe={"seed": 3},
    rows={"train": {"corpus": 70}, "test": {"corpus": 30, "ktas": 5}},
    data=[DATA["corpus"], DATA["ktas"]],
    diagnosis_bias={"normal": 0.1},
    urgency_cutpoints=[-2.0, -1.0, 0.0, 1.0],
    calibration={"urgency_temperature": 1.25},
    trade_off=[TradeOff(0.2, 0.05, 0.4)],
    results=RESULTS,
    files_sha256={"model.onnx": "ab" * 32},
    data_sha256="cd" * 32,
    code={"version": "1.2", "commit": "abcdef", "changed": True},
    notes=("Trained on the corpus alone.",),
)


def test_the_card_shows_figures_with_intervals_counts_hashes_limits_and_notes() -> None:
    text = card.render(CARD)
    assert "| here | model | 10 | 0.500 (0.400-0.600) | 0.500 (0.400-0.600) | 0.050 |" in text
    assert "| there | majority | 12 | 0.500 (0.400-0.600) |  |  |" in text
    assert "| 0.20 | 0.050 | 0.400 |" in text
    assert "ab" * 32 in text
    assert "> Trained on the corpus alone." in text
    assert f"rows with the SHA-256 `{'cd' * 32}`. Made by version 1.2, commit abcdef, with changes." in text
    assert all(limit in text for limit in LIMITS)


def test_a_card_that_does_not_know_its_code_or_rows_tells_nothing_of_them() -> None:
    text = card.render(replace(CARD, data_sha256=None, code=None))
    assert "parameters. Outputs" in text


def test_every_table_row_has_as_many_cells_as_its_header() -> None:
    lines = [line for line in card.render(CARD).splitlines() if line.startswith("|")]
    header = 0
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        if after.startswith("|---"):
            header = line.count("|")
        assert line.count("|") == header


def test_the_record_says_the_same_as_the_text(tmp_path: Path) -> None:
    card.write(CARD, tmp_path)
    record = json.loads((tmp_path / "model_card.json").read_text())
    assert record["results"][0]["figures"]["macro_f1"] == {"value": 0.5, "low": 0.4, "high": 0.6, "n": 10}
    assert (tmp_path / "MODEL_CARD.md").read_text() == card.render(CARD)


def test_the_record_is_read_back_as_the_card_it_was(tmp_path: Path) -> None:
    card.write(CARD, tmp_path)
    assert card.render(card.read(tmp_path)) == card.render(CARD)


def test_the_terminal_table_has_a_row_for_each_system_of_a_task() -> None:
    assert table(RESULTS, "diagnosis").row_count == 2
