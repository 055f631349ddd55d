"""A de-identifier made of patterns: replaces identifiers in free text by their kind, such as `[PHONE]`.

Kinds follow HIPAA Safe Harbor (45 CFR 164.514(b)(2)) as far as patterns reach, plus UK and Chinese identifiers with
their check digits. Clinical values stay: ages, durations, times, blood pressures, doses, years on their own.

Does not cover: names without a title, label or introduction, most names in lower case, organisations, places, days
without a year.
`ops/bench/deid.py` measures what that costs.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from streams.adapters.identifier_patterns import RECOGNIZERS, Guard, Recognizer
from streams.adapters.introduction_patterns import INTRODUCTIONS
from streams.ports import Deidentified

__all__ = ["ALL_RECOGNIZERS", "Identifier", "PatternDeIdentifier", "recognizers_for"]

ALL_RECOGNIZERS = (*RECOGNIZERS, *INTRODUCTIONS)

MAX_PASSES = 5
"""A replacement can uncover a neighbour, so the text is read again until nothing is found."""

_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier found in a text: [start, end) in code points."""

    kind: str
    start: int
    end: int


class PatternDeIdentifier:
    """Implements `ports.DeIdentifier`. Deterministic, idempotent, linear in the length of the text."""

    def __init__(self, keep_words: frozenset[str]) -> None:
        """`keep_words`: lower-case clinical words that are never taken for a part of a name or an address."""
        self._guard = Guard(keep_words)

    def deidentify(self, text: str) -> Deidentified:
        """Return the text with each identifier replaced by its kind in brackets, and the count per kind."""
        counts: Counter[str] = Counter()
        for _ in range(MAX_PASSES):
            identifiers = self.find(text)
            if not identifiers:
                break
            text = _replaced(text, identifiers)
            counts.update(found.kind for found in identifiers)
        return Deidentified(text, dict(counts))

    def find(self, text: str) -> tuple[Identifier, ...]:
        """Return the identifiers in order of position; where two overlap, the recogniser listed first wins."""
        taken = bytearray(len(text))
        found: list[Identifier] = []
        for recognizer in recognizers_for(text):
            for start, end in _spans(recognizer, text, self._guard):
                if any(taken[start:end]):
                    continue
                taken[start:end] = b"\x01" * (end - start)
                found.append(Identifier(recognizer.kind, start, end))
        return tuple(sorted(found, key=lambda identifier: identifier.start))


def _replaced(text: str, identifiers: tuple[Identifier, ...]) -> str:
    pieces: list[str] = []
    done = 0
    for found in identifiers:
        pieces += (text[done : found.start], f"[{found.kind}]")
        done = found.end
    return "".join((*pieces, text[done:]))


def recognizers_for(text: str) -> Iterator[Recognizer]:
    """Yield the recognisers that `text` has enough digits and the right words for."""
    digits = len(_DIGIT.findall(text))
    lower = text.lower()
    for recognizer in ALL_RECOGNIZERS:
        if digits >= recognizer.needs_digits and (
            not recognizer.needs or any(word in lower for word in recognizer.needs)
        ):
            yield recognizer


def _spans(recognizer: Recognizer, text: str, guard: Guard) -> Iterator[tuple[int, int]]:
    position = 0
    while match := recognizer.pattern.search(text, position):
        start, end = match.span(recognizer.group)
        if recognizer.trim is not None:
            end = start + recognizer.trim(text[start:end], guard)
        if end > start and (recognizer.valid is None or recognizer.valid(text[start:end])):
            yield start, end
            position = max(end, match.start() + 1)
        else:
            position = match.start() + 1
