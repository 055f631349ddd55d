"""Surface variety: spelling of the region, casing, slips of the keyboard, and learners' English."""

from __future__ import annotations

import re
from random import Random

__all__ = ["roughen", "slip", "spell_for_region", "tidy"]

_NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo",
    "j": "hk", "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "w", "r": "et",
    "s": "ad", "t": "ry", "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip
_BRITISH = (
    ("diarrhea", "diarrhoea"), ("anemia", "anaemia"), ("hemorrhoid", "haemorrhoid"), ("edema", "oedema"),
    ("esophag", "oesophag"), ("pediatric", "paediatric"), ("tumor", "tumour"), ("changed color", "changed colour"),
    ("-colored", "-coloured"),
    ("Tylenol", "paracetamol"), ("acetaminophen", "paracetamol"), ("the ER", "A&E"), ("my PCP", "my GP"),
    ("hematuria", "haematuria"), ("hemoptysis", "haemoptysis"), ("hematemesis", "haematemesis"),
    ("gynecolog", "gynaecolog"), ("fetal", "foetal"), ("Mom", "Mum"), ("mom", "mum"), ("gray", "grey"),
    ("hypoglycemi", "hypoglycaemi"), ("hyperglycemi", "hyperglycaemi"), ("ischemi", "ischaemi"),
    ("dyspnea", "dyspnoea"), ("orthopnea", "orthopnoea"), ("neighbor", "neighbour"), ("leukemia", "leukaemia"),
)  # fmt: skip
_CASUAL = (
    ("because", "cos"), ("going to", "gonna"), ("want to", "wanna"), ("kind of", "kinda"), ("you", "u"),
    ("please", "pls"), ("I don't know", "idk"), ("about", "abt"), ("doctor", "dr"), ("with", "w/"),
)  # fmt: skip
_ARTICLE = re.compile(r"\b(?:a|an|the) ", re.IGNORECASE)
_SPACES = re.compile(r"\s+")
_BEFORE_MARK = re.compile(r"\s+([,.;:!)]|\?(?!\w))")
_DOUBLE_MARK = re.compile(r"([,;:])\s*([.,;])|\.\s*([,;:?!])|([?!])\.|\.\s*\.(?!\.)")
_WORD_OF_LETTERS = re.compile(r"[A-Za-z]{4,}")


def tidy(text: str) -> str:
    """One space between words, one mark at the end of a sentence, none before it."""
    text = _BEFORE_MARK.sub(r"\1", _SPACES.sub(" ", text))
    for _ in range(2):
        text = _DOUBLE_MARK.sub(lambda m: m.group(2) or m.group(3) or m.group(4) or ".", text)
    return text.strip(" ,;")


def spell_for_region(text: str, *, british: bool) -> str:
    """British or American spelling throughout (the tables are written in American spelling)."""
    for american, other in _BRITISH:
        text = text.replace(american, other) if british else text.replace(other, american)
    return text


def slip(word: str, rng: Random) -> str:
    """Swap, drop, double or mistype a letter inside a word of at least three."""
    at = rng.randrange(1, len(word) - 1)
    kind = rng.random()
    if kind < 0.35:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind < 0.65:
        return word[:at] + word[at + 1 :]
    if kind < 0.8:
        return word[:at] + word[at] + word[at:]
    letter = word[at].lower()
    return word[:at] + rng.choice(_NEIGHBOURS.get(letter, letter)) + word[at + 1 :]


def _slips(text: str, rng: Random, rate: float) -> str:
    def maybe(match: re.Match[str]) -> str:
        return slip(match.group(), rng) if rng.random() < rate else match.group()

    return _WORD_OF_LETTERS.sub(maybe, text)


def _learner(text: str, rng: Random) -> str:
    text = _ARTICLE.sub(lambda m: "" if rng.random() < 0.6 else m.group(), text)
    swaps = ((" for the past ", " since "), (" for the last ", " since "), (" I've had ", " I have "))
    for old, new in (
        *swaps,
        ("I've been having", "I am having"),
        (" has been ", " is "),
        (" hurts", " hurt"),
    ):
        if rng.random() < 0.7:
            text = text.replace(old, new)
    return text


def roughen(text: str, rng: Random, *, clinician: bool) -> str:
    """The text as it was typed: casing, slips, dropped apostrophes, texting short forms.

    How rough a text is depends on who types, never on the label.
    """
    style = rng.random()
    if clinician:
        rate = 0.03 if style < 0.12 else 0.0
        if 0.12 <= style < 0.3:
            text = text.lower()
        elif style > 0.96:
            text = text.upper()
        return _slips(text, rng, rate) if rate else text
    if rng.random() < 0.08:
        text = _learner(text, rng)
    if style < 0.18:
        text = text.lower()
    elif style > 0.985:
        text = text.upper()
    if rng.random() < 0.18:
        text = text.replace("'", "")
    if rng.random() < 0.1:
        for old, new in _CASUAL:
            if rng.random() < 0.5:
                text = re.sub(rf"\b{old}\b", new, text)
    if rng.random() < 0.12:
        text = text.replace(". ", " ").rstrip(".")
    elif rng.random() < 0.1:
        text = text.replace(". ", ", ").rstrip(".")
    return _slips(text, rng, rng.choice((0.02, 0.05, 0.1))) if rng.random() < 0.25 else text
