"""Changes of a text that a reader would hardly notice, or whose meaning is known. All sentences are written here.

An edit returns None where it does not apply.
"""

import re
from collections.abc import Callable, Mapping
from random import Random

from trainer.corpus.noise import slip
from trainer.tuning.augment import phrases, synonyms

__all__ = ["INVARIANT", "IRRELEVANT", "LESS_URGENT", "MORE_URGENT", "Edit", "phrase_swaps", "word_slips"]

Edit = Callable[[str, Random], str | None]

IRRELEVANT = (
    "Parking was easy to find today.",
    "My phone battery is nearly empty.",
    "It has been raining since breakfast.",
    "My neighbour drove me here.",
    "The receptionist was friendly.",
    "I had my address updated last month.",
    "We moved to a new flat in spring.",
    "Please reply by message.",
)
_FRAMES = (
    "Reason for contact: {}",
    "Here is what is going on. {}",
    "I was told to write this down: {}",
    "{} That is all I can say about it.",
)
_GREETINGS = ("Hola, buenos días. {}", "Guten Tag. {}", "{} 谢谢医生。", "Bonjour. {}")
_EMERGENCY = (
    "Now there is crushing chest pain that spreads to the left arm, with cold sweat.",
    "Since ten minutes the face hangs on one side and speech is slurred.",
    "Now struggling for every breath, lips are blue.",
    "Vomiting bright red blood right now and about to faint.",
)
_WORD = re.compile(r"[A-Za-z]{4,}")
_FEWEST_WORDS = 8
_COMPLAINT_WORDS = 5


def word_slips(text: str, rng: Random) -> list[str]:
    """Return the text once for each of its longer words, that word mistyped."""
    return [
        text[: word.start()] + slip(word.group(), rng) + text[word.end() :] for word in _WORD.finditer(text)
    ]


def phrase_swaps(text: str, rng: Random) -> list[str]:
    """Return the text once for each finding it names in the lexicon's words, in other words for it."""
    return [
        text[: found.start()] + rng.choice(synonyms()[found.group().lower()]) + text[found.end() :]
        for found in phrases().finditer(text)
    ]


def _one_slip(text: str, rng: Random) -> str | None:
    return rng.choice(word_slips(text, rng) or [None])


def _many_slips(text: str, rng: Random) -> str | None:
    changed = _WORD.sub(lambda word: slip(word.group(), rng) if rng.random() < 0.25 else word.group(), text)
    return _other(text, changed)


def _synonym(text: str, rng: Random) -> str | None:
    return rng.choice(phrase_swaps(text, rng) or [None])


def _cut(text: str, rng: Random) -> str | None:
    words = text.split()
    return " ".join(words[: len(words) * 3 // 4]) if len(words) >= _FEWEST_WORDS else None


def _denied(text: str, rng: Random) -> str | None:
    return f"No {text[0].lower()}{text[1:]}" if len(text.split()) <= _COMPLAINT_WORDS else None


def _other(text: str, changed: str) -> str | None:
    return changed if changed.strip() and changed != text else None


def _framed(frames: tuple[str, ...]) -> Edit:
    return lambda text, rng: rng.choice(frames).format(text)


INVARIANT: Mapping[str, Edit] = {
    "one slip of the keyboard": _one_slip,
    "a slip in every fourth word": _many_slips,
    "lower case": lambda text, rng: _other(text, text.lower()),
    "capitals": lambda text, rng: _other(text, text.upper()),
    "no punctuation": lambda text, rng: _other(text, re.sub(r"[.,;:!?]+(?=\s|$)", "", text)),
    "exclamation marks": lambda text, rng: f"{text.rstrip('.!')}!!!",
    "another word for a finding": _synonym,
    "framed by a phrase": _framed(_FRAMES),
    "irrelevant sentence before": lambda text, rng: f"{rng.choice(IRRELEVANT)} {text}",
    "irrelevant sentence after": lambda text, rng: f"{text.rstrip('.')}. {rng.choice(IRRELEVANT)}",
    "greeting in another language": _framed(_GREETINGS),
    "last quarter cut off": _cut,
}
"""The answer should stay. What is cut off may matter: its flips say how much hangs on the end of a text."""

MORE_URGENT: Mapping[str, Edit] = {
    "emergency put in": lambda text, rng: f"{text.rstrip('.')}. {rng.choice(_EMERGENCY)}",
}
"""The answer must not become less urgent."""

LESS_URGENT: Mapping[str, Edit] = {
    "short complaint denied": _denied,
    "emergency denied": lambda text, rng: (
        f"{text.rstrip('.')}. No chest pain, no trouble breathing, no bleeding."
    ),
}
"""The answer must not become more urgent."""
