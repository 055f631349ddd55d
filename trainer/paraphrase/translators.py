"""A sequence-to-sequence model of `transformers` that translates: a local folder, or a name on the hub.

Of models that know many languages (NLLB, mBART-50, M2M-100) each side is named by the model's own code. Models that
are told by words before the text which language to write (T5, MADLAD-400) are not supported.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import (
    MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING,
    AutoConfig,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
)

__all__ = ["Translator", "TranslatorUnavailable", "Writing", "load_translator"]


class TranslatorUnavailable(Exception):
    """No such model is within reach, it writes no text from text, or a package or a language code is missing."""


@dataclass(frozen=True, slots=True)
class Writing:
    """How it writes. `temperature`: of sampling; 0 writes the most probable, by a search of `beams`."""

    batch_size: int = 16
    beams: int = 4
    temperature: float = 0.0
    max_tokens: int = 256
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class Translator:
    """One direction. `languages`: codes from and to, where the model knows many."""

    name: str
    model: Any
    tokenizer: Any
    languages: tuple[str, str] | None
    writing: Writing

    def translate(self, sentences: Sequence[str]) -> list[str]:
        """Return a translation each; "" of one that is empty, too long, or not written to its end."""
        begins = self._begin()
        ids = self.tokenizer(list(sentences))["input_ids"] if sentences else []
        positions = getattr(self.model.config, "max_position_embeddings", None)
        limit = min(self.writing.max_tokens, positions or self.writing.max_tokens)
        fits = [i for i, one in enumerate(ids) if sentences[i].strip() and len(one) <= limit]
        fits.sort(key=lambda i: len(ids[i]))  # little padding
        written = [""] * len(sentences)
        for start in range(0, len(fits), self.writing.batch_size):
            chosen = fits[start : start + self.writing.batch_size]
            batch = self.tokenizer.pad({"input_ids": [ids[i] for i in chosen]}, return_tensors="pt")
            for i, text in zip(chosen, self._write(batch, limit, begins), strict=True):
                written[i] = text
        return written

    def _write(self, batch: Any, limit: int, begins: dict[str, int]) -> list[str]:
        hot = self.writing.temperature
        way = {"do_sample": True, "temperature": hot, "num_beams": 1} if hot else {"do_sample": False}
        with torch.inference_mode():
            rows = self.model.generate(
                **batch.to(self.model.device),
                **({"num_beams": self.writing.beams} | way | begins),
                max_new_tokens=limit - 1,
            )
        texts = self.tokenizer.batch_decode(rows, skip_special_tokens=True)
        return [
            text.strip() if self._ended(row, limit) else "" for row, text in zip(rows, texts, strict=True)
        ]

    def _ended(self, row: torch.Tensor, limit: int) -> bool:
        """Some models begin with the same token, and some are made to end at the limit."""
        return self.tokenizer.eos_token_id in row[1 : limit - 1].tolist()

    def _begin(self) -> dict[str, int]:
        """Tell the tokenizer what it reads; return how the model is told what to write."""
        if not hasattr(self.tokenizer, "src_lang"):
            return {}
        if self.languages is None:
            raise TranslatorUnavailable(f"{self.name} knows many languages: name both by its codes")
        code_of = getattr(self.tokenizer, "get_lang_id", self.tokenizer.convert_tokens_to_ids)
        try:
            known = {code: code_of(code) for code in self.languages}
        except KeyError:
            known = {}
        for code in self.languages:
            if known.get(code) in (None, self.tokenizer.unk_token_id):
                raise TranslatorUnavailable(f"{self.name} has no language of the code {code}")
        self.tokenizer.src_lang = self.languages[0]
        return {"forced_bos_token_id": known[self.languages[1]]}


def load_translator(name: str, languages: tuple[str, str] | None, writing: Writing) -> Translator:
    """Load `name`. Raises TranslatorUnavailable."""
    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        config = AutoConfig.from_pretrained(name)
        if type(config) not in MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING:
            raise TranslatorUnavailable(f"{name}: a {config.model_type} writes no text from text")
        tokenizer = AutoTokenizer.from_pretrained(name)
        model = AutoModelForSeq2SeqLM.from_pretrained(name, dtype=torch.float32)
    except ImportError as error:
        raise TranslatorUnavailable(f"{name}: {str(error).strip().splitlines()[0]}") from None
    except (OSError, ValueError) as error:
        raise TranslatorUnavailable(f"{name}: neither a folder nor within reach on the hub") from error
    try:
        model = model.to(writing.device).eval()
    except (RuntimeError, AssertionError) as error:
        raise TranslatorUnavailable(f"device {writing.device}: {str(error).splitlines()[0]}") from None
    shown = Path(name).resolve().name if Path(name).is_dir() else name
    translator = Translator(shown, model, tokenizer, languages, writing)
    translator._begin()  # a wrong code is said before anything is translated
    return translator
