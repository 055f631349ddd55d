"""Small translators that really translate: each has learned a few sentences by heart, in a second."""

from collections.abc import Mapping
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from torch.nn.utils.rnn import pad_sequence
from transformers import BartConfig, BartForConditionalGeneration, PreTrainedTokenizerFast

__all__ = ["write_translator"]

_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
_PAD, _END = 1, 2
_IGNORED = -100
_RATE, _SPREAD, _LEARNED, _AT_MOST_STEPS = 5e-3, 0.1, 0.02, 800


def write_translator(folder: Path, pairs: Mapping[str, str]) -> Path:
    """Teach a BART of one layer `pairs` of sentences, and save it with its tokenizer of whole words."""
    words = sorted({word for pair in pairs.items() for text in pair for word in text.split()})
    vocabulary = {word: number for number, word in enumerate([*_SPECIAL, *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", _END)]
    )
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    torch.manual_seed(0)
    torch.set_num_threads(1)  # so small a model waits for its threads longer than it computes
    model = BartForConditionalGeneration(
        BartConfig(
            vocab_size=len(vocabulary),
            max_position_embeddings=24,
            d_model=32,
            encoder_layers=1,
            decoder_layers=1,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=32,
            decoder_ffn_dim=32,
            dropout=0.0,
            init_std=_SPREAD,
        )
    )
    _learn(model, tokenizer, pairs)
    model.save_pretrained(folder)
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, bos_token="<s>", pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    ).save_pretrained(folder)
    return folder


def _learn(model: BartForConditionalGeneration, tokenizer: Tokenizer, pairs: Mapping[str, str]) -> None:
    source, target = (
        [torch.tensor(tokenizer.encode(text).ids) for text in texts]
        for texts in (pairs.keys(), pairs.values())
    )
    ids = pad_sequence(source, batch_first=True, padding_value=_PAD)
    labels = pad_sequence(target, batch_first=True, padding_value=_IGNORED)
    optimizer = torch.optim.Adam(model.parameters(), lr=_RATE)
    for _ in range(_AT_MOST_STEPS):
        loss = model(input_ids=ids, attention_mask=(ids != _PAD).long(), labels=labels).loss
        if loss.item() < _LEARNED:
            return
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    raise AssertionError("not learned by heart")
