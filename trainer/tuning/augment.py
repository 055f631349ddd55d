"""Other words for the same: texts are varied anew in each epoch, labels stay.

Synonyms are the phrases that the corpus's lexicon has for one finding, lay and clinical; a phrase that stands for
several findings is left alone. Paraphrases were made ahead of training (`trainer.paraphrase`). Typing is roughened by
the corpus's own noise: slips, casing, short forms. What says nothing of the complaint is put around it last
(`trainer.tuning.asides`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from random import Random

import numpy as np

from trainer.corpus.model import PhraseKind
from trainer.corpus.noise import roughen
from trainer.corpus.tables import symptoms
from trainer.data.rows import Row
from trainer.tuning.asides import put_around
from trainer.tuning.config import Augmentation

__all__ = ["phrases", "synonyms", "vary"]

_NOTATION = re.compile(r"[@~^#\[\]{}]")
_SHORTEST_CHARACTERS = 4


def vary(rows: Sequence[Row], settings: Augmentation, rng: np.random.Generator) -> list[Row]:
    """Return rows with varied texts. Draws nothing from `rng` where nothing is to be varied."""
    if not (settings.typos or settings.synonyms or settings.asides or settings.paraphrases):
        return list(rows)
    random = Random(int(rng.integers(2**62)))
    return [replace(row, text=_vary_text(_drawn(row, settings, random), settings, random)) for row in rows]


@cache
def synonyms() -> Mapping[str, tuple[str, ...]]:
    """Return each phrase (lower case) with the others for the same finding."""
    groups = [
        {
            text.lower()
            for text in (*finding.clinical, *(p.text for p in finding.lay if p.kind is PhraseKind.NOUN))
            if not _NOTATION.search(text) and len(text) >= _SHORTEST_CHARACTERS
        }
        for finding in symptoms().values()
    ]
    uses: dict[str, int] = {}
    for group in groups:
        for phrase in group:
            uses[phrase] = uses.get(phrase, 0) + 1
    return {
        phrase: others
        for group in groups
        for phrase in group
        if uses[phrase] == 1 and (others := tuple(sorted(group - {phrase})))
    }


@cache
def phrases() -> re.Pattern[str]:
    """Return what finds the phrases of `synonyms` in a text."""
    longest_first = sorted(synonyms(), key=len, reverse=True)
    return re.compile(r"\b(?:" + "|".join(map(re.escape, longest_first)) + r")\b", re.IGNORECASE)


def _drawn(row: Row, settings: Augmentation, random: Random) -> str:
    """Return the text or one of its paraphrases; draws nothing for a row that has none."""
    if settings.paraphrases is None or not row.paraphrases or random.random() >= settings.paraphrases.share:
        return row.text
    return random.choice(row.paraphrases)


def _vary_text(text: str, settings: Augmentation, random: Random) -> str:
    def other(match: re.Match[str]) -> str:
        if random.random() >= settings.synonyms:
            return match.group()
        return random.choice(synonyms()[match.group().lower()])

    if settings.synonyms:
        text = phrases().sub(other, text)
    if random.random() < settings.typos:
        text = roughen(text, random, clinician=False)
    return put_around(text, random) if settings.asides and random.random() < settings.asides else text
