"""Training texts go through two real models and come back as a file to train with."""

from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from ops.cli.main import app
from tests.unit.trainer.paraphrase.small_translator import write_translator
from tests.unit.trainer.tiny import row
from trainer.data.dataset import make_dataset, write_dataset
from trainer.data.manifest import Origin
from trainer.data.splits import Shares
from trainer.paraphrase.files import read_paraphrases, sha256_of_text, with_paraphrases
from trainer.paraphrase.making import make_paraphrases
from trainer.paraphrase.translators import Writing, load_translator

BACK = {
    "I have a rash on my arm.": "There is a rash on my arm.",
    "No chest pain at the moment.": "Chest pain at the moment.",
    "I took 5 mg of warfarin today.": "I took 50 mg of warfarin today.",
    "My left knee is very swollen.": "My left knee is very swollen.",
    "The baby cried the whole night.": "The little one cried all night.",
    "Headaches since last Monday.": "Since last Monday I have headaches.",
    "I feel dizzy when I get up.": "Getting up makes me feel dizzy.",
    "Itching all over after dinner.": "After dinner it itches all over.",
    "She fell down the stairs.": "Down the stairs she fell.",
    "His ear hurts, it is red.": "It is red, his ear hurts.",
}
"""What the two models make of a sentence."""
FAULTS = {"No chest pain at the moment.": "negation", "I took 5 mg of warfarin today.": "number"} | {
    "My left knee is very swollen.": "unchanged"
}
PIVOT = {text: f"satz nummer s{number}" for number, text in enumerate(BACK)}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("models")
    there = write_translator(folder / "there", PIVOT)
    return there, write_translator(folder / "back", {PIVOT[text]: other for text, other in BACK.items()})


def command(*arguments: str | int | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["data", "paraphrase", *map(str, arguments)])
    return result.exit_code, " ".join(result.output.split())


def test_the_training_split_alone_is_paraphrased_and_what_is_discarded_is_counted(
    models: tuple[Path, Path], tmp_path: Path
) -> None:
    rows = [row(text, source="ours", diagnosis="normal") for text in BACK]
    rows += [row("Ich habe seit gestern starke Kopfschmerzen und Fieber", source="ours", group="x")] * 2
    origin = Origin(source="ours", description="here", provenance="here", licence="none")
    dataset = make_dataset(rows, [origin], shares=Shares(calibration=0.1, test=0.1), seed=1)
    write_dataset(dataset, tmp_path / "wards")
    english = [one for one in dataset.splits.train if one.text in BACK]
    assert 0 < len(english) < len(BACK)
    out = tmp_path / "wards.jsonl"
    told = ("--there", models[0], "--back", models[1], "--out", out, "--max-tokens", 16)
    code, output = command(tmp_path / "wards", *told)
    assert code == 0, output

    lines = read_paraphrases(out)
    assert {line.text_sha256 for line in lines} == {sha256_of_text(one.text) for one in english}
    assert {line.translator for line in lines} == {"there, back"}
    for one in with_paraphrases(english, out):
        assert one.paraphrases == (() if one.text in FAULTS else (BACK[one.text],))
    for fault in FAULTS.values():
        count = sum(FAULTS.get(one.text) == fault for one in english)
        assert (f"discarded: {fault} │ {count}" in output) == (count > 0), output
    assert f"{len(english)} training texts, 0 done earlier" in output
    assert "1 others are not English" in output

    before = out.read_bytes()
    code, output = command(tmp_path / "wards", *told)
    assert (code, out.read_bytes()) == (0, before)
    assert f"{len(english)} done earlier" in output


def test_what_was_broken_off_goes_on(models: tuple[Path, Path], tmp_path: Path) -> None:
    there, back = (load_translator(str(one), None, Writing(max_tokens=16)) for one in models)
    texts, out = list(BACK), tmp_path / "out.jsonl"
    make_paraphrases(texts, there, back, out, variants=1, seed=1)
    whole = out.read_text()
    out.write_text("".join(whole.splitlines(keepends=True)[:4]))
    made = make_paraphrases(texts, there, back, out, variants=1, seed=1)
    assert out.read_text() == whole
    assert (made.texts, made.earlier, made.kept) == (10, 4, 7)
    assert made.discarded == {"negation": 1, "number": 1, "unchanged": 1}


def test_sentences_are_translated_one_by_one_and_a_lost_one_loses_the_text(
    models: tuple[Path, Path], tmp_path: Path
) -> None:
    there, back = (load_translator(str(one), None, Writing(max_tokens=16)) for one in models)
    long = " ".join(["rash"] * 20)
    texts = ["I have a rash on my arm. Headaches since last Monday.", f"She fell down the stairs. {long}"]
    out = tmp_path / "out.jsonl"
    made = make_paraphrases(texts, there, back, out, variants=1, seed=1)
    assert read_paraphrases(out)[0].paraphrases == (
        "There is a rash on my arm. Since last Monday I have headaches.",
    )
    assert (made.kept, made.discarded) == (1, {"empty": 1})


def test_sampling_is_seeded_and_writes_variants(models: tuple[Path, Path]) -> None:
    back = load_translator(str(models[1]), None, Writing(temperature=3.0, max_tokens=16))
    sentences = [*PIVOT.values()] * 2
    drawn = []
    for _ in range(2):
        torch.manual_seed(4)
        drawn.append(back.translate(sentences))
    assert drawn[0] == drawn[1]
    assert drawn[0][:10] != drawn[0][10:]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--there", "nowhere"), "name --back"),
        (("--there", "a", "--back", "b", "--variants", 2), "--temperature"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: tuple[str | int, ...], says: str) -> None:
    code, output = command("wards", "--out", "out.jsonl", *map(str, options))
    assert code == 2
    assert says in output
