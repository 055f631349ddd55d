"""Training texts are translated there and back, sentence by sentence: what translators learned from are sentences."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.progress import track

from trainer.data.errors import BadData, NothingToLearn
from trainer.data.importing import read_labelled
from trainer.paraphrase.files import Paraphrased, read_paraphrases, sha256_of_text
from trainer.paraphrase.guards import Fault, fault_of, is_english
from trainer.paraphrase.translators import Translator

__all__ = ["Made", "make_paraphrases", "training_texts"]

_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+|\s*\n\s*")
_TEXTS_AT_ONCE = 32
"""So many are written to the file together; an interruption costs no more than these."""


@dataclass(frozen=True, slots=True)
class Made:
    """What the file holds of one translator. `earlier`: texts that it had before."""

    texts: int
    earlier: int
    kept: int
    discarded: Counter[Fault]


def training_texts(path: Path, *, seed: int) -> tuple[list[str], int]:
    """Return the distinct English texts of the training split, and how many others it has. Raises BadData."""
    rows = read_labelled(path, seed=seed).splits.train
    texts = {row.text: is_english(row.text, row.language) for row in rows}
    english = [text for text, is_one in texts.items() if is_one]
    if not english:
        raise NothingToLearn(f"{path} has no English text to train on")
    return english, len(texts) - len(english)


def make_paraphrases(
    texts: Sequence[str], there: Translator, back: Translator, out: Path, *, variants: int, seed: int
) -> Made:
    """Add to the file what it lacks of these translators; it may be broken off, and goes on.

    Raises BadData where the file cannot be read or written, or holds something else.
    """
    by = f"{_told(there)}, {_told(back)}"
    before = {line.text_sha256 for line in _lines(out, by)}
    left = [text for text in texts if sha256_of_text(text) not in before]
    torch.manual_seed(seed)
    chunks = [left[start : start + _TEXTS_AT_ONCE] for start in range(0, len(left), _TEXTS_AT_ONCE)]
    try:
        with out.open("a", encoding="utf-8") as file:
            for chunk in track(chunks, description="paraphrase"):
                for text, others in zip(chunk, _there_and_back(chunk, there, back, variants), strict=True):
                    file.write(_line(text, others, by).model_dump_json(exclude_defaults=True) + "\n")
                file.flush()
    except OSError as error:
        raise BadData(f"{out}: {error.strerror}") from None
    wanted = {sha256_of_text(text) for text in texts}
    lines = [line for line in _lines(out, by) if line.text_sha256 in wanted]
    discarded: Counter[Fault] = sum((Counter(line.discarded) for line in lines), Counter())
    kept = sum(len(line.paraphrases) for line in lines)
    return Made(len(texts), len(texts) - len(left), kept, discarded)


def _lines(path: Path, by: str) -> list[Paraphrased]:
    return [line for line in read_paraphrases(path) if line.translator == by] if path.exists() else []


def _told(translator: Translator) -> str:
    return f"{translator.name} {'>'.join(translator.languages or ())}".strip()


def _there_and_back(
    texts: Sequence[str], there: Translator, back: Translator, variants: int
) -> Iterator[list[str]]:
    """Yield the paraphrases of each text, "" where a sentence was lost."""
    split = [[part for part in _SENTENCE_END.split(text) if part] for text in texts for _ in range(variants)]
    ended = iter(back.translate(there.translate([part for parts in split for part in parts])))
    joined = []
    for parts in split:
        came_back = [next(ended) for _ in parts]
        joined.append(" ".join(came_back) if all(came_back) else "")
    for start in range(0, len(joined), variants):
        yield joined[start : start + variants]


def _line(text: str, others: Sequence[str], by: str) -> Paraphrased:
    distinct = [*dict.fromkeys(others)]
    faults = {other: fault_of(text, other) for other in distinct}
    return Paraphrased(
        text_sha256=sha256_of_text(text),
        translator=by,
        paraphrases=tuple(other for other in distinct if faults[other] is None),
        discarded=Counter(fault for other in others if (fault := faults[other]) is not None),
    )
