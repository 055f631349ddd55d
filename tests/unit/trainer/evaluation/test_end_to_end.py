import json
from pathlib import Path

import pytest

from tests.unit.trainer.tiny import row
from trainer import evaluation
from trainer.data import corpus
from trainer.evaluation.label_words import PATTERNS

VERSION = Path(__file__).parents[4] / "model_repo" / "triage_bert" / "1"


def test_a_version_is_judged_beside_its_rivals_and_written_down_three_times(tmp_path: Path) -> None:
    version = evaluation.JudgedVersion(VERSION, workers=2)
    rows = corpus.load(260, 99)
    articles = (
        row("Signs of this lymphoma are swollen nodes.", source="medquad", diagnosis="cancer"),
        row("Often there is no sign until a lump is felt.", source="medquad", diagnosis="cancer"),
        row("A runny nose.", source="medquad"),
    )
    evidence = evaluation.Evidence(
        tuple(rows[:200]),
        (),
        {"new messages": tuple(rows[200:]), "articles": articles},
        warnings=("Too few <rows>.",),
    )
    parts = ("unseen-sources", "performance")
    sections = tuple(evaluation.judge(version, evidence, evaluation.QUICK, say=lambda _: None, only=parts))
    evaluation.write(tmp_path, version, evaluation.QUICK, evidence.warnings, sections)
    record = json.loads((tmp_path / "evaluation.json").read_text())
    assert [section["key"] for section in record["sections"]] == ["unseen_sources", "diagnosis", "urgency"]
    systems = {row[1] for row in record["sections"][2]["tables"][0]["rows"]}
    assert {"model", "model, as published", "majority", "NEWS2 alone", "kNN, frozen embeddings"} <= systems
    patterns = [line for line in record["sections"][1]["tables"][0]["rows"] if line[1] == PATTERNS]
    [(test_set, _, n, _, accuracy, missed)] = patterns
    assert (test_set, n, accuracy["value"], missed["value"]) == ("articles", 3, 2 / 3, 0.5)
    assert all(section["n"] > 0 and section["interval"] for section in record["sections"])
    html = (tmp_path / "report.html").read_text()
    assert "Too few &lt;rows&gt;." in html
    assert "A QUICK LOOK, not an evaluation: at most 100 rows" in html
    assert "data:image/svg+xml;base64," in html
    assert (tmp_path / "report.md").read_text().count("| new messages | model |") > 2


def test_a_folder_that_is_no_version_says_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(evaluation.NotAVersion, match=r"bundle\.json"):
        evaluation.JudgedVersion(tmp_path, workers=1)
