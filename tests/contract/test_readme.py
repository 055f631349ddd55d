"""The figures of the model in the README are those of its card, and none of its test sets is left out."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
CARD = ROOT / "model_repo" / "triage_bert" / "1" / "MODEL_CARD.md"
MODEL, PUBLISHED, BASELINE = (
    "MiniLM int8",
    "MiniLM int8, most urgent plausible",
    "TF-IDF + logistic regression",
)
URGENCY = (
    (MODEL, "sensitivity_1_2"),
    (BASELINE, "sensitivity_1_2"),
    (PUBLISHED, "sensitivity_1_2"),
    (PUBLISHED, "over_triage"),
    (MODEL, "qwk"),
    (BASELINE, "qwk"),
)
DIAGNOSIS = (
    (MODEL, "macro_f1"),
    (BASELINE, "macro_f1"),
    (MODEL, "recall_diabetes"),
    (BASELINE, "recall_diabetes"),
)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _card(section: str) -> dict[tuple[str, str], dict[str, str]]:
    """Figures of a section by test set and system, without their intervals."""
    text = CARD.read_text(encoding="utf-8").split(f"### {section}\n")[1].split("\n## ")[0].split("\n### ")[0]
    header, _, *rows = [_cells(line) for line in text.splitlines() if line.startswith("|")]
    return {
        (row[0], row[1]): {name: cell.split(" ")[0] for name, cell in zip(header, row, strict=True)}
        for row in rows
    }


def _readme(section: str) -> dict[str, list[str]]:
    """Figures of a table by test set: the number of rows, and what follows; without marks of bold and of a footnote."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").split(f"| {section}, test set |")[1]
    rows = [_cells(line) for line in text.split("\n\n")[0].splitlines()[2:]]
    return {row[0]: [re.sub(r"[*¹]", "", cell) for cell in row[1:]] for row in rows}


def test_urgency_is_as_the_card_has_it() -> None:
    _check("Urgency", URGENCY)


def test_diagnosis_is_as_the_card_has_it() -> None:
    _check("Diagnosis", DIAGNOSIS)


def _check(section: str, columns: tuple[tuple[str, str], ...]) -> None:
    card = _card(section)
    tests = sorted({test for test, _ in card})
    assert _readme(section) == {
        test: [card[test, MODEL]["n"], *(card[test, system][name] for system, name in columns)]
        for test in tests
    }
