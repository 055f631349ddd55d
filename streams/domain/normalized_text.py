"""A text made ready for phrase matching, with the way back to the code points of the original.

Lower case, straight quotes, one kind of hyphen, half-width forms, simplified Chinese for the characters that the
lists use, single spaces (a run that holds a line break becomes one line break), no invisible characters, and the
listed words with one letter missing, doubled, added or swapped put right (the deletion index of SymSpell,
Garbe 2012, without substitutions: "cooking" must not become "choking").

Does not cover: substituted letters ("bleading"), which the lists spell out where they are common.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["NormalizedText", "Spelling", "normalize"]

_TRADITIONAL = (
    "難难無无沒没認认壓压臉脸腦脑殺杀傷伤藥药頭头嚴严劇剧懷怀個个嘔呕燒烧發发熱热體体"
    "話话說说癱瘫過过槍枪動动覺觉氣气嚨咙視视腫肿嬰婴兒儿產产電电擊击處处歲岁車车禍祸"
    "樓楼墜坠識识遲迟語语離离斷断雙双側侧親亲媽妈爺爷裡里"
)
"""Pairs: traditional, simplified."""
_TRANSLATION = {
    **dict.fromkeys("\t\r\x0b\x0c\xa0\u2002\u2003\u2007\u2009\u202f\u3000", " "),
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u00b4\u0060\uff07", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
    **dict.fromkeys("\u0085\u2028\u2029", "\n"),
    **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
    **dict(zip(_TRADITIONAL[::2], _TRADITIONAL[1::2], strict=True)),
}
_TABLE = str.maketrans(_TRANSLATION)

# Words of up to four letters have too many real neighbours one letter away.
_EDITABLE = re.compile(r"[ \n]{2,}|[\u00ad\u200b-\u200f\u2060\ufeff]+|[a-z]{5,}")


class Spelling:
    """Puts words right that are one missing, added or swapped letter away from a listed word."""

    def __init__(self, words: Iterable[str] = (), keep: Iterable[str] = ()) -> None:
        """`words`: what is corrected to; `keep`: real words that stay as they are."""
        self._known = frozenset(words)
        self._untouched = self._known | frozenset(keep)
        self._with_missing_letter = {
            word[:i] + word[i + 1 :]: word for word in sorted(self._known) for i in range(1, len(word))
        }
        self._longest = max((len(word) for word in self._known), default=0) + 1

    def correct(self, word: str) -> str:
        """Return the listed word that `word` stands for, or `word`. The first letter is taken as right."""
        if word in self._untouched or len(word) > self._longest:
            return word
        if found := self._with_missing_letter.get(word):
            return found
        for i in range(1, len(word)):
            shorter = word[:i] + word[i + 1 :]
            if shorter in self._known and not (i == len(word) - 1 and word[i] in "sd"):
                return shorter
            swapped = word[:i] + word[i + 1 : i + 2] + word[i] + word[i + 2 :]
            if swapped in self._known:
                return swapped
        return word


@dataclass(frozen=True, slots=True)
class NormalizedText:
    """`text`, and its edits as (start, end) here and in the original, in order of position."""

    text: str
    edits: tuple[tuple[int, int, int, int], ...] = ()

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Return the code-point span of the original text that became [start, end) of this one."""
        return self._original(start, 2), self._original(end - 1, 3) + 1

    def _original(self, position: int, side: int) -> int:
        index = bisect_right(self.edits, position, key=lambda edit: edit[0]) - 1
        if index < 0:
            return position
        edit = self.edits[index]
        if edit[0] <= position < edit[1]:
            return edit[2] if side == 2 else edit[3] - 1
        return position - edit[1] + edit[3]


def normalize(text: str, spelling: Spelling) -> NormalizedText:
    """Return `text` ready for matching; linear in its length."""
    folded = text.translate(_TABLE)
    lower = folded.lower()
    if len(lower) != len(folded):  # a few capitals become two characters in lower case
        lower = "".join(low if len(low := char.lower()) == 1 else char for char in folded)
    pieces: list[str] = []
    edits: list[tuple[int, int, int, int]] = []
    done = length = 0
    for match in _EDITABLE.finditer(lower):
        found = match.group()
        better = _replacement(found, spelling)
        if better == found:
            continue
        kept = lower[done : match.start()]
        pieces += (kept, better)
        length += len(kept)
        edits.append((length, length + len(better), match.start(), match.end()))
        length += len(better)
        done = match.end()
    pieces.append(lower[done:])
    return NormalizedText("".join(pieces), tuple(edits))


def _replacement(found: str, spelling: Spelling) -> str:
    if found[0].isalpha():
        return spelling.correct(found)
    if found[0] in " \n":
        return "\n" if "\n" in found else " "
    return ""
