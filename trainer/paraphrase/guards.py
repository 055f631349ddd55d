"""Whether a paraphrase may still mean what its text means. A doubt discards it: the text itself is at hand.

English only. What no rule sees, such as a symptom that the translator took for another, passes.
"""

import re
from collections import Counter, defaultdict
from enum import StrEnum
from functools import cache

from streams.adapters.language import ScriptLanguageIdentifier
from streams.adapters.red_flag_rules import load_red_flag_screen
from streams.domain import negation_triggers as trigger
from streams.domain.negation import Status, phrase_status
from streams.domain.normalized_text import Spelling, normalize
from streams.domain.red_flags import RedFlagScreen
from streams.domain.text_language import text_language
from trainer.data.words import has_letter, words
from trainer.tuning.augment import phrases

__all__ = ["Fault", "fact_changed", "fault_of", "is_english"]

_LONGER_AT_MOST = 2.0
_NEGATIONS = (
    trigger.NEGATION,
    trigger.DENIAL,
    trigger.NO_HISTORY,
    trigger.RULED_OUT,
    re.compile(rf"\b{trigger.STARTS_NEGATIVE.pattern}"),
    re.compile(
        r"\b(?:[a-z]+n't|den(?:y|ies|ied|ying|ial)|none|nothing|nobody|nowhere|hardly|barely|lack[a-z]*|absen[a-z]+"
        r"|negative|excluded|unlikely|free (?:of|from))\b|\(-\)"
    ),
)
_UNIT = {
    alias: unit
    for unit, aliases in {
        "minute": "minutes min mins",
        "hour": "hours h hr hrs",
        "day": "days d",
        "week": "weeks wk wks",
        "month": "months",
        "year": "years y yr yrs yo y/o",
        "mcg": "micrograms ug \u00b5g \u03bcg",
        "mg": "milligrams",
        "tablet": "tablets tab tabs",
        "unit": "units iu",
        "degree": "degrees c celsius \u00b0 \u00b0c",
        "fahrenheit": "f \u00b0f",
        "%": "percent",
        **dict.fromkeys(("g", "kg", "l", "ml", "mmol", "mmhg", "bpm"), ""),
    }.items()
    for alias in (unit, *aliases.split())
}
_SPELLED = {
    **{"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10},
    **{"eleven": 11, "twelve": 12, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60},
}
_UNITS = "|".join(sorted(map(re.escape, _UNIT), key=len, reverse=True))
_NUMBER = re.compile(rf"([0-9]+(?:[.,][0-9]+)*|\b(?:{'|'.join(_SPELLED)})\b)(?:[ -]?({_UNITS})(?![a-z0-9]))?")

_ARTICLE = re.compile(r"^(?:an?|the) ")


class Fault(StrEnum):
    """Why a paraphrase is discarded, in the order of looking."""

    EMPTY = "empty"
    UNCHANGED = "unchanged"
    FOREIGN = "foreign"
    LENGTH = "length"
    NUMBER = "number"
    NEGATION = "negation"
    FINDING = "finding"
    RED_FLAG = "red_flag"


def fault_of(text: str, paraphrase: str) -> Fault | None:
    """Return the first fault, None where there is none."""
    before, after = words(text), words(paraphrase)
    if not has_letter(paraphrase):
        return Fault.EMPTY
    if before == after:
        return Fault.UNCHANGED
    if not is_english(paraphrase, None):
        return Fault.FOREIGN
    if max(len(before), len(after)) > _LONGER_AT_MOST * min(len(before), len(after)):
        return Fault.LENGTH
    if fault := fact_changed(text, paraphrase):
        return fault
    found, of_other = _findings(text), _findings(paraphrase)
    if any(found[phrase] != of_other[phrase] for phrase in found.keys() & of_other.keys()):
        return Fault.FINDING
    return Fault.RED_FLAG if _red_flags(paraphrase) - _red_flags(text) else None


def fact_changed(text: str, paraphrase: str) -> Fault | None:
    """Return whether numbers or negations came or went: the part of `fault_of` that costs next to nothing."""
    plain, other = _plain(text), _plain(paraphrase)
    if _numbers(plain) != _numbers(other):
        return Fault.NUMBER
    return Fault.NEGATION if _negations(plain) != _negations(other) else None


def is_english(text: str, declared: str | None) -> bool:
    """Say whether a text may be English: what cannot be told is taken for it."""
    language = text_language(declared, _identifier().identify(text))
    return language is None or language.split("-")[0] == "en"


def _plain(text: str) -> str:
    return normalize(text, Spelling()).text


def _numbers(plain: str) -> Counter[tuple[str, str]]:
    """Count numbers with their units. "One" is none: it is a pronoun as often."""
    return Counter(
        (str(_SPELLED.get(number, number)), _UNIT.get(unit, unit)) for number, unit in _NUMBER.findall(plain)
    )


def _negations(plain: str) -> int:
    """Count negations; one that several patterns know is one."""
    count = end = 0
    for found in sorted(match.span() for pattern in _NEGATIONS for match in pattern.finditer(plain)):
        count += found[0] >= end
        end = max(end, found[1])
    return count


def _findings(text: str) -> dict[str, set[Status]]:
    """Return how each phrase of the lexicon stands: affirmed, denied, past, another person's."""
    plain, found = _plain(text), defaultdict[str, set[Status]](set)
    for match in phrases().finditer(plain):
        found[_ARTICLE.sub("", match.group())].add(phrase_status(plain, *match.span()))
    return found


def _red_flags(text: str) -> set[str]:
    return {flag.rule_id for flag in _screen().screen(text, pregnant=None, age_years=None)}


@cache
def _screen() -> RedFlagScreen:
    return load_red_flag_screen()


@cache
def _identifier() -> ScriptLanguageIdentifier:
    return ScriptLanguageIdentifier()
