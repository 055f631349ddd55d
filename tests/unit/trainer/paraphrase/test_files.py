"""A file of paraphrases is looked up by text; a mistake in it names its line."""

import hashlib
import json
from pathlib import Path

import pytest

from tests.unit.trainer.tiny import row
from trainer.data.errors import BadData, NothingToLearn
from trainer.paraphrase.files import read_paraphrases, sha256_of_text, with_paraphrases
from trainer.paraphrase.using import in_other_words
from trainer.runs import ParaphrasesUsed
from trainer.tuning.config import Augmentation, Paraphrases, TrainConfig

ROWS = [row("a rash on my arm"), row("no cough for 2 days", group="g", diagnosis="cancer")]


def line(text: str, *paraphrases: str, **other: object) -> str:
    told = {"text_sha256": sha256_of_text(text), "translator": "a, b", "paraphrases": paraphrases}
    return json.dumps(told | other)


def written(folder: Path, *lines: str) -> Path:
    path = folder / "wards.jsonl"
    path.write_text("".join(f"{one}\n" for one in lines), encoding="utf-8")
    return path


def test_rows_get_their_texts_paraphrases_and_keep_everything_else(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        line("no cough for 2 days", "for two days no cough"),
        line("not among the rows", "elsewhere"),
        line("no cough for 2 days", "without a cough for 2 days", translator="c, d"),
    )
    first, second = with_paraphrases(ROWS, path)
    assert first.paraphrases == ()
    assert second.paraphrases == ("for two days no cough", "without a cough for 2 days")
    assert (second.text, second.group, second.diagnosis) == ("no cough for 2 days", "g", "cancer")
    assert second.vitals is ROWS[1].vitals


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("{", r"row 2, column \(all\)"),
        (line("a rash", "a rash here", text_sha256="abc"), "row 2, column text_sha256"),
        (line("a rash", " "), r"row 2, column paraphrases\.0"),
        (line("a rash", "here", discarded={"odd": 1}), r"row 2, column discarded\.odd"),
        (line("a rash", "here", original="a rash"), "row 2, column original"),
        (line("no cough for 2 days", "a cough for 2 days"), "row 2, column paraphrases: another negation"),
        (line("no cough for 2 days", "no cough for 3 days"), "row 2, column paraphrases: another number"),
    ],
)
def test_a_line_that_cannot_be_used_is_named_and_its_words_are_not(
    bad: str, says: str, tmp_path: Path
) -> None:
    path = written(tmp_path, line("a rash on my arm", "on my arm a rash"), bad)
    with pytest.raises(BadData, match=says) as caught:
        with_paraphrases(ROWS, path)
    assert "wards.jsonl" in str(caught.value)
    assert "cough" not in str(caught.value)


def test_no_file_other_bytes_and_a_file_of_other_texts_are_errors(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="No such file"):
        read_paraphrases(tmp_path / "nowhere.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b"{}\n\xff\n")
    with pytest.raises(BadData, match="line 2"):
        read_paraphrases(tmp_path / "latin.jsonl")
    with pytest.raises(NothingToLearn, match="of none of the training rows"):
        with_paraphrases(ROWS, written(tmp_path, line("another text", "other words")))


def test_a_run_says_of_which_file_it_has_paraphrases_and_for_how_many_rows(tmp_path: Path) -> None:
    path = written(tmp_path, line("no cough for 2 days", "for two days no cough"))
    asking = TrainConfig(augmentation=Augmentation(paraphrases=Paraphrases(file=str(path))))
    rows, used = in_other_words(ROWS, asking)
    assert [one.paraphrases for one in rows] == [(), ("for two days no cough",)]
    assert used == ParaphrasesUsed(sha256=hashlib.sha256(path.read_bytes()).hexdigest(), rows=1)
    assert in_other_words(ROWS, TrainConfig()) == (ROWS, None)
