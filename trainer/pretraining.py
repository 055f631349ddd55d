"""Masked-language pre-training on unlabelled text: an encoder reads a place's messages before it learns to triage.

The task is BERT's (Devlin et al., NAACL 2019), its use on text of the domain that of Gururangan et al., "Don't Stop
Pretraining", ACL 2020. The encoder's head for words begins anew where the checkpoint has none, as sentence encoders do.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import (
    BertForMaskedLM,
    DataCollatorForLanguageModeling,
    PreTrainedTokenizerFast,
    Trainer,
    TrainingArguments,
)

from trainer.data.errors import NothingToLearn
from trainer.data.importing import read_labelled
from trainer.data.rows import NO_VITALS
from trainer.data.tables import decoded
from trainer.encoders import Pretrained, load_encoder
from trainer.finetune import make_deterministic
from trainer.versions import windows_of

__all__ = ["MaskedWords", "OutputTaken", "Read", "pretrain", "read_texts"]

_HELD_OUT_SHARE, _FEWEST_TEXTS = 0.05, 20
_WARMUP_SHARE, _WEIGHT_DECAY = 0.06, 0.01


class OutputTaken(Exception):
    """The folder that is to be written exists."""


@dataclass(frozen=True, slots=True)
class MaskedWords:
    """How it is done. `masked`: share of the tokens that are to be guessed."""

    epochs: float = 1.0
    batch_size: int = 32
    rate: float = 5e-5
    masked: float = 0.15
    max_length: int = 128
    seed: int = 3
    threads: int = 2


@dataclass(frozen=True, slots=True)
class Read:
    """Windows trained on and held out, and the mean loss of a masked token of those held out, before and after."""

    windows: int
    held_out: int
    loss_before: float
    loss_after: float


def read_texts(path: Path, *, seed: int) -> list[str]:
    """Return the lines of a .txt file, or the training texts of a dataset; no other split is read. Raises BadData."""
    plain = path.suffix == ".txt"
    texts = _lines(path) if plain else [row.text for row in read_labelled(path, seed=seed).splits.train]
    if len(texts) < _FEWEST_TEXTS:
        raise NothingToLearn(f"{path.name} has {len(texts)} texts: too few, {_FEWEST_TEXTS} are needed")
    return texts


def pretrain(texts: Sequence[str], encoder: str, out: Path, settings: MaskedWords) -> Read:
    """Write the folder `out`, which `triage train --set encoder=...` takes. Raises EncoderUnavailable, OutputTaken."""
    if out.exists():
        raise OutputTaken(f"{out} exists: name another folder")
    make_deterministic(settings.seed, settings.threads)
    pretrained = load_encoder(encoder)
    tokenizer = _tokenizer(pretrained.tokenizer)
    distinct = [*dict.fromkeys(texts)]
    order = np.random.default_rng(settings.seed).permutation(len(distinct))
    held_out_texts = max(1, round(_HELD_OUT_SHARE * len(distinct)))
    held_out, trained = (
        _windows([distinct[i] for i in chosen], pretrained, settings)
        for chosen in (order[:held_out_texts], order[held_out_texts:])
    )
    model = BertForMaskedLM(pretrained.encoder.config)  # type: ignore[no-untyped-call]
    model.bert = pretrained.encoder
    model.tie_weights()
    with tempfile.TemporaryDirectory() as scratch:
        trainer = Trainer(
            model=model,
            args=_arguments(settings, Path(scratch)),
            data_collator=DataCollatorForLanguageModeling(tokenizer, mlm_probability=settings.masked),
            train_dataset=trained,
            eval_dataset=held_out,
        )
        before = _loss(trainer, settings)
        trainer.train()
        after = _loss(trainer, settings)
    model.bert.cpu().save_pretrained(out)
    tokenizer.save_pretrained(out)
    return Read(len(trained), len(held_out), before, after)


def _lines(path: Path) -> list[str]:
    try:
        content = decoded(path, "utf-8")
    except OSError as error:
        raise NothingToLearn(f"{path}: {error.strerror}") from None
    return [line.strip() for line in content.splitlines() if line.strip()]


def _tokenizer(content: str) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=Tokenizer.from_str(content),
        unk_token="[UNK]",  # noqa: S106 # no password: a word piece
        sep_token="[SEP]",  # noqa: S106
        pad_token="[PAD]",  # noqa: S106
        cls_token="[CLS]",  # noqa: S106
        mask_token="[MASK]",  # noqa: S106
    )


def _windows(
    texts: Sequence[str], pretrained: Pretrained, settings: MaskedWords
) -> list[dict[str, list[int]]]:
    windower = windows_of(Tokenizer.from_str(pretrained.tokenizer), settings.max_length)
    return [
        {"input_ids": window.input_ids.tolist()}
        for windows in windower.encode(texts, [NO_VITALS] * len(texts))
        for window in windows
    ]


def _arguments(settings: MaskedWords, scratch: Path) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(scratch),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch_size,
        per_device_eval_batch_size=settings.batch_size,
        learning_rate=settings.rate,
        weight_decay=_WEIGHT_DECAY,
        warmup_steps=_WARMUP_SHARE,
        train_sampling_strategy="group_by_length",
        seed=settings.seed,
        use_cpu=not torch.cuda.is_available(),
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
    )


def _loss(trainer: Trainer, settings: MaskedWords) -> float:
    torch.manual_seed(settings.seed)  # the same words are masked each time
    return float(trainer.evaluate()["eval_loss"])
