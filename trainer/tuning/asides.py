"""What people put around a complaint and what says nothing of it: greetings, names, a day off.

A message that opens with one asks for the same decision. Ribeiro et al., "Beyond Accuracy: Behavioral Testing of NLP
Models with CheckList" (ACL 2020) has such texts for tests; here others like them are for training. No phrase of
evaluation's stands in `asides.toml`.
"""

import tomllib
from functools import cache
from pathlib import Path
from random import Random

__all__ = ["pool", "put_around"]

_HERE = Path(__file__).parent
_NAME_REMOVED = "[NAME]"
_SENTENCE, _INTRODUCTION, _GREETING, _FRAME = range(4)
_KINDS = (_SENTENCE, _SENTENCE, _SENTENCE, _INTRODUCTION, _INTRODUCTION, _GREETING, _FRAME)
_REMOVED_SHARE = 0.5
_ENDS = (".", "!", "?", "。")


@cache
def _pools() -> dict[str, list[str]]:
    return tomllib.loads((_HERE / "asides.toml").read_text(encoding="utf-8"))


def pool(name: str) -> list[str]:
    """Return one list of `asides.toml`."""
    return _pools()[name]


def put_around(text: str, random: Random) -> str:
    """Return the text with something around it. A name is as often one as what de-identification leaves of it."""
    kind = random.choice(_KINDS)
    if kind == _INTRODUCTION:
        return random.choice(pool("introductions")).format(name=_name(random), text=text)
    if kind == _GREETING:
        return random.choice(pool("greetings")).format(text)
    if kind == _FRAME:
        return random.choice(pool("frames")).format(text)
    sentence = random.choice(pool("sentences"))
    if random.random() < 1 / 2:
        return f"{sentence} {text}"
    return f"{text} {sentence}" if text.rstrip().endswith(_ENDS) else f"{text}. {sentence}"


def _name(random: Random) -> str:
    if random.random() < _REMOVED_SHARE:
        return _NAME_REMOVED
    return f"{random.choice(pool('first_names'))} {random.choice(pool('surnames'))}"
