"""What is no translator is named as such; one of many languages is told both."""

import string
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import BertConfig, BertModel, M2M100Config, M2M100ForConditionalGeneration, NllbTokenizer

from trainer.paraphrase.translators import TranslatorUnavailable, Writing, load_translator

LANGUAGES = ("eng_Latn", "deu_Latn")


@pytest.fixture(scope="module")
def nllb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """NLLB's architecture and its tokenizer, with letters for words and random weights."""
    folder = tmp_path_factory.mktemp("nllb")
    letters = ["<s>", "<pad>", "</s>", "<unk>", "▁", *string.ascii_letters, "."]
    tokenizer = NllbTokenizer(
        vocab={letter: number for number, letter in enumerate(letters)},
        merges=[],
        extra_special_tokens=[*LANGUAGES, "fra_Latn"],
    )
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = M2M100Config(
        vocab_size=len(tokenizer),
        d_model=16,
        max_position_embeddings=24,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
    )
    M2M100ForConditionalGeneration(config).save_pretrained(folder)
    return folder


def test_a_model_of_many_languages_is_told_which_it_reads_and_writes(
    nllb: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    translator = load_translator(str(nllb), LANGUAGES, Writing(max_tokens=12, beams=1))
    code_of, seen = translator.tokenizer.convert_tokens_to_ids, []
    generate = translator.model.generate

    def watched(**told: Any) -> Any:
        written = generate(**told)
        seen.append((told["input_ids"][:, 0].tolist(), written[:, 1].tolist()))
        return written

    monkeypatch.setattr(translator.model, "generate", watched)
    assert len(translator.translate(["a rash", "", "far too long to be translated"])) == 3
    assert seen == [([code_of("eng_Latn")], [code_of("deu_Latn")])]


def test_languages_that_are_missing_or_unknown_are_told(nllb: Path) -> None:
    with pytest.raises(TranslatorUnavailable, match="knows many languages"):
        load_translator(str(nllb), None, Writing())
    with pytest.raises(TranslatorUnavailable, match="no language of the code de"):
        load_translator(str(nllb), ("eng_Latn", "de"), Writing())


def test_a_device_that_is_not_there_is_told(nllb: Path) -> None:
    with pytest.raises(TranslatorUnavailable, match="device teletype"):
        load_translator(str(nllb), LANGUAGES, Writing(device="teletype"))


def test_a_model_that_writes_no_text_and_a_folder_without_one_are_told(tmp_path: Path) -> None:
    config = BertConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)
    BertModel(config).save_pretrained(tmp_path / "bert")  # type: ignore[no-untyped-call]
    with pytest.raises(TranslatorUnavailable, match="a bert writes no text from text"):
        load_translator(str(tmp_path / "bert"), None, Writing())
    (tmp_path / "empty").mkdir()
    with pytest.raises(TranslatorUnavailable, match="empty: neither a folder"):
        load_translator(str(tmp_path / "empty"), None, Writing())
