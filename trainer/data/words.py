"""What counts as a word, where texts are compared: Chinese has no spaces, so each of its characters does."""

import re

__all__ = ["TERM", "has_letter", "plain", "words"]

_CHINESE = "\u3400-\u9fff"
_WORD = re.compile(rf"[{_CHINESE}]|[^\W{_CHINESE}]+")

TERM = rf"[{_CHINESE}]|[^\W{_CHINESE}]{{2,}}"
"""The same as a token pattern of scikit-learn, without single letters."""


def has_letter(text: str) -> bool:
    """Whether anything is said at all; marks and numbers alone say nothing."""
    return any(map(str.isalpha, text))


def plain(text: str) -> str:
    """Return the text as it is compared word for word: case and spaces aside."""
    return " ".join(text.casefold().split())


def words(text: str) -> list[str]:
    """Return the words in lower case, in order."""
    return _WORD.findall(text.lower())
