r"""The phrase notation of the red-flag lists: short enough for a clinician to read, compiled to regular expressions.

    chest|breast pain*        words in order; `|` alternatives; `*` any ending; a space matches a space or hyphen
    [my|his] chest            an optional word
    <cant> breathe            a name from the vocabulary
    pain .. arm|left_jaw      up to three words between (`..6`: up to six), never across a negation or a "but";
                              `_` is a space inside an alternative
    choking ~sensation        not followed by this word
    gcs #                     a number
    突然 .. 视力|看不见         Chinese: no spaces in the text, `..` up to six characters

Apostrophes are optional in the text ("can't", "cant"). Matching is whole-word for Latin script. Every pattern knows
the beginnings of the words it cannot do without, so that a message is tried against few patterns.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["CompiledPhrase", "PhraseIndex", "compile_phrase"]

ANCHOR_LETTERS = 4
_HAN = re.compile(r"[\u3400-\u9fff]")
_TOKEN = re.compile(r"[a-z0-9']+")
_ELEMENT = re.compile(r"\[[^\]]*\]|\S+")
_SPACE = r"[ \n/\-]{1,3}"
_GAP_SPACE = r"[ \n,/()\-]{1,3}"
_GAP_WORD = r"(?!(?:no|not|but|without|denies|denied|except)\b)[a-z0-9'%]+"
_GAP_HAN = r"(?:(?![没无不但否])[^。!?;.\n])"


@dataclass(frozen=True, slots=True)
class CompiledPhrase:
    """A pattern, and per word that it cannot do without the keys of which a text must hold at least one.

    The most selective word comes first; no words: always tried.
    """

    pattern: re.Pattern[str]
    required: tuple[frozenset[str], ...]


def compile_phrase(phrase: str, vocabulary: Mapping[str, Sequence[str]]) -> CompiledPhrase:
    """Compile one phrase; raises ValueError for an unknown vocabulary name or a stem too short to anchor."""
    han = _HAN.search(phrase) is not None
    parts: list[str] = []
    required: list[frozenset[str]] = []
    separator = ""
    elements = _ELEMENT.findall(phrase)
    for element in elements:
        if element.startswith(".."):
            separator = _gap(int(element[2:] or (6 if han else 3)), han=han)
        elif element.startswith("~"):
            space = "" if han else _SPACE
            parts.append(f"(?!{space}{_group(_alternatives(element[1:], vocabulary), han=han)})")
        elif element.startswith("["):
            if element is elements[-1]:
                raise ValueError(f"the optional word that ends {phrase!r} changes nothing")
            optional = _group(_alternatives(element[1:-1], vocabulary), han=han)
            parts.append(f"(?:{separator}{optional})?")
            separator = separator or ("" if han else _SPACE)
        else:
            alternatives = _alternatives(element, vocabulary)
            if keys := _word_keys(alternatives, han=han):
                required.append(keys)
            parts += (separator, _group(alternatives, han=han))
            separator = "" if han else _SPACE
    body = "".join(parts)
    pattern = re.compile(body if han else rf"(?<![a-z0-9]){body}")
    return CompiledPhrase(pattern, tuple(sorted(required, key=_selectivity, reverse=True)))


def _alternatives(element: str, vocabulary: Mapping[str, Sequence[str]]) -> list[str]:
    found: list[str] = []
    for word in element.split("|"):
        if word.startswith("<"):
            if word[1:-1] not in vocabulary:
                raise ValueError(f"unknown vocabulary name {word}")
            found += vocabulary[word[1:-1]]
        else:
            found.append(word)
    return found


def _group(alternatives: Iterable[str], *, han: bool) -> str:
    if han:
        return f"(?:{'|'.join(re.escape(word) for word in alternatives)})"
    # Longest first: "can not" before "can".
    words = sorted(alternatives, key=len, reverse=True)
    return f"(?:{'|'.join(_word(word) for word in words)})(?![a-z0-9])"


def _word(word: str) -> str:
    escaped = re.escape(word.replace("_", " ").replace("-", " "))
    for written, pattern in (
        (r"\*", "[a-z]*"),
        (r"\#", r"[0-9]+(?:\.[0-9]+)?"),
        ("'", "'?"),
        (r"\ ", _SPACE),
    ):
        escaped = escaped.replace(written, pattern)
    return escaped


def _gap(words: int, *, han: bool) -> str:
    if han:
        return f"{_GAP_HAN}{{0,{words}}}?"
    return f"(?:{_GAP_SPACE}{_GAP_WORD}){{0,{words}}}?{_GAP_SPACE}"


def _word_keys(alternatives: Iterable[str], *, han: bool) -> frozenset[str]:
    """Return the keys of a text that holds one of these; none where a text without a key may hold one."""
    keys = set()
    for word in alternatives:
        if han:
            ideographs = re.match(r"[\u3400-\u9fff]{0,2}", word)
            keys.add(ideographs.group() if ideographs else "")
            continue
        head = re.match(r"[a-z0-9]*", word.replace("'", ""))
        stem = head.group() if head else ""
        if word[len(stem) : len(stem) + 1] == "#":  # the number belongs to the same token
            stem = ""
        if word.endswith("*") and len(stem) < ANCHOR_LETTERS:
            raise ValueError(f"stem {word} is shorter than {ANCHOR_LETTERS} letters")
        keys.add(stem[:ANCHOR_LETTERS])
    return frozenset() if "" in keys else frozenset(keys)


def _selectivity(keys: frozenset[str]) -> tuple[int, int]:
    return min(map(len, keys)), -len(keys)


class PhraseIndex:
    """Phrases of several groups; finds the ones that a text can hold at all by the words they cannot do without."""

    def __init__(self, groups: Mapping[str, Iterable[CompiledPhrase]]) -> None:
        self._by_key: dict[str, list[_Indexed]] = {}
        self._always: list[_Indexed] = []
        for group, phrases in groups.items():
            for phrase in phrases:
                first, *others = phrase.required or (frozenset[str](),)
                indexed = (group, phrase.pattern, tuple(others))
                for key in first:
                    self._by_key.setdefault(key, []).append(indexed)
                if not first:
                    self._always.append(indexed)

    def candidates(self, text: str) -> dict[str, list[re.Pattern[str]]]:
        """Return, per group, the patterns worth trying on `text` (normalised)."""
        found: dict[str, dict[re.Pattern[str], None]] = {}
        ordered = dict.fromkeys(_keys(text))
        keys = frozenset(ordered)
        for key in ordered:
            for group, pattern, others in self._by_key.get(key, ()):
                if not any(word.isdisjoint(keys) for word in others):
                    found.setdefault(group, {})[pattern] = None
        for group, pattern, _ in self._always:
            found.setdefault(group, {})[pattern] = None
        return {group: list(patterns) for group, patterns in found.items()}


_Indexed = tuple[str, re.Pattern[str], tuple[frozenset[str], ...]]
"""Group, pattern, and the keys of its further words."""


def _keys(text: str) -> Iterator[str]:
    for token in _TOKEN.findall(text):
        if "'" not in token:
            yield token[:ANCHOR_LETTERS]
            continue
        # an apostrophe stands within a word, between two words, or around one
        parts = [part for part in token.split("'") if part]
        for first in range(len(parts)):
            word = ""
            for part in parts[first:]:
                word += part
                yield word[:ANCHOR_LETTERS]
                if len(word) >= ANCHOR_LETTERS:
                    break
    if _HAN.search(text):
        yield from (char for char in text if char >= "\u3400")
        for left, right in pairwise(text):
            if left >= "\u3400" and right >= "\u3400":
                yield left + right
