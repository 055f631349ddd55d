"""Pre-training lowers the loss of masked tokens, and what it writes is an encoder like any other."""

from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from trainer.data.dataset import write_dataset
from trainer.data.errors import NothingToLearn, Undecodable
from trainer.data.importing import write_corpus
from trainer.encoders import load_encoder
from trainer.pretraining import MaskedWords, OutputTaken, pretrain, read_texts

TEXTS = [
    f"the patient has {what} and {what} again, day {day}"
    for what in ("pain", "fever", "cough", "thirst")
    for day in range(1, 26)
]
SETTINGS = MaskedWords(epochs=4, batch_size=10, rate=1e-2, max_length=16, threads=1)


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    """A small random encoder in a folder, with the packaged tokenizer."""
    folder = tmp_path / "small"
    torch.manual_seed(0)
    config = BertConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)  # type: ignore[no-untyped-call]
    (folder / "tokenizer.json").write_text(load_encoder("packaged").tokenizer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))  # type: ignore[no-untyped-call]
    tokenizer.save_pretrained(folder)
    return folder


def test_masked_words_are_learned_and_the_encoder_can_be_trained_on(encoder: Path, tmp_path: Path) -> None:
    out = tmp_path / "read"
    found = pretrain(TEXTS, str(encoder), out, SETTINGS)
    assert (found.windows, found.held_out) == (95, 5)
    assert found.loss_after < 0.8 * found.loss_before
    before, after = load_encoder(str(encoder)), load_encoder(str(out))
    assert after.tokenizer == before.tokenizer
    weights, others = after.encoder.state_dict(), before.encoder.state_dict()
    assert weights.keys() == others.keys()
    assert not torch.equal(
        weights["embeddings.word_embeddings.weight"], others["embeddings.word_embeddings.weight"]
    )
    assert before.sha256 == load_encoder(str(encoder)).sha256 != after.sha256
    assert pretrain(TEXTS * 3, str(encoder), tmp_path / "again", SETTINGS) == found, "a repeated text is one"
    with pytest.raises(OutputTaken, match="name another folder"):
        pretrain(TEXTS, str(encoder), out, SETTINGS)


def test_of_a_dataset_the_training_split_alone_is_read(tmp_path: Path) -> None:
    dataset = write_corpus("corpus", 100, seed=1)
    write_dataset(dataset, tmp_path / "wards")
    assert read_texts(tmp_path / "wards", seed=1) == [row.text for row in dataset.splits.train]


def test_a_file_has_a_text_a_line_and_too_few_or_undecodable_ones_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("\n\n".join(TEXTS[:30]))
    assert read_texts(path, seed=1) == TEXTS[:30]
    path.write_text("one\n")
    with pytest.raises(NothingToLearn, match=r"notes\.txt has 1 texts"):
        read_texts(path, seed=1)
    path.write_bytes(b"one\n\xff\n")
    with pytest.raises(Undecodable, match="line 2"):
        read_texts(path, seed=1)
    with pytest.raises(NothingToLearn, match="No such file"):
        read_texts(tmp_path / "nowhere.txt", seed=1)
