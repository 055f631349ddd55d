"""Who, when and whether: is a phrase affirmed about this patient, now?

After NegEx (Chapman et al. 2001, J Biomed Inform 34:301) and ConText (Harkema et al. 2009, J Biomed Inform 42:839):
triggers before and after the phrase, scopes that conjunctions spread and terminators end. It differs where the two
errors differ in cost. A missed emergency costs more than a false alarm, so a trigger reaches a phrase only over
words known to be harmless, and every doubt affirms. Pseudo-negations ("no relief of ...", "not only ...") need no
list: their words are not harmless. Resolved complaints stay affirmed, because a weakness that is gone is a TIA.

Does not cover: coreference across sentences.
"""

import re
from enum import StrEnum

from streams.domain import negation_zh
from streams.domain.negation_triggers import (
    ADJACENT_HISTORY,
    AFFIRMING_AFTER,
    DENIAL,
    FOLLOW_UP_OR,
    HARMLESS,
    HISTORY_AFTER,
    HISTORY_BEFORE,
    HYPOTHETICAL,
    NEGATED_AFTER,
    NEGATION,
    PAST_IN_DOUBT,
    QUALIFIED_AFTER,
    RECENT_AFTER,
    SEPARATOR,
    TERMINATOR,
)
from streams.domain.other_person import is_about_somebody_else

__all__ = ["Status", "phrase_status"]

CONTEXT_BEFORE_CHARACTERS = 240
CONTEXT_AFTER_CHARACTERS = 120
MAX_LIST_ITEM_WORDS = 4

_SENTENCE_END = re.compile(r"[!?;。•]|\.(?![0-9])|(?<![,/])(?<! or)(?<! and)\n")
_HAN = re.compile(r"[\u3400-\u9fff]")


class Status(StrEnum):
    """What a phrase says about the patient in front of us."""

    AFFIRMED = "affirmed"
    NEGATED = "negated"
    HYPOTHETICAL = "hypothetical"
    HISTORICAL = "historical"
    OTHER_PERSON = "other_person"


def phrase_status(text: str, start: int, end: int) -> Status:
    """Return the status of the phrase [start, end) of a normalised text.

    Looks at the sentence around it, at most 240 characters back and 120 ahead, so the cost of one phrase is bounded.
    """
    before = _SENTENCE_END.split(text[max(0, start - CONTEXT_BEFORE_CHARACTERS) : start])[-1]
    after = _SENTENCE_END.split(text[end : end + CONTEXT_AFTER_CHARACTERS], maxsplit=1)[0]
    phrase = text[start:end]
    if _HAN.search(phrase):
        return Status(negation_zh.status_name(before, phrase, after))
    if _is_negated(before, after):
        return Status.NEGATED
    if HYPOTHETICAL.search(before):
        return Status.HYPOTHETICAL
    if is_about_somebody_else(text, before, phrase, after):
        return Status.OTHER_PERSON
    if _is_historical(before, after):
        return Status.HISTORICAL
    return Status.AFFIRMED


def _is_negated(before: str, after: str) -> bool:
    if QUALIFIED_AFTER.match(after):
        return False
    if NEGATED_AFTER.match(after):
        return True
    for trigger in DENIAL.finditer(before):
        between = before[trigger.end() :]
        if not TERMINATOR.search(between) and not ("," in between and AFFIRMING_AFTER.match(after)):
            return True
    return any(_reaches(before[trigger.end() :], after) for trigger in NEGATION.finditer(before))


def _reaches(between: str, after: str) -> bool:
    """Say whether a plain "no" or "not" reaches over `between`: harmless words, or a list closed by "or"."""
    if TERMINATOR.search(between):
        return False
    separators = SEPARATOR.findall(between)
    *items, last = SEPARATOR.split(between)
    if not HARMLESS.fullmatch(last) or any(len(item.split()) > MAX_LIST_ITEM_WORDS for item in items):
        return False
    kinds = {separator.strip() for separator in separators}
    if any("," in kind for kind in kinds) and not any("or" in kind for kind in kinds):
        return FOLLOW_UP_OR.match(after) is not None
    return True


def _is_historical(before: str, after: str) -> bool:
    if PAST_IN_DOUBT.search(before) or RECENT_AFTER.match(after):
        return False
    if HISTORY_AFTER.match(after):
        return True
    if any(not TERMINATOR.search(before[trigger.end() :]) for trigger in HISTORY_BEFORE.finditer(before)):
        return True
    return any(HARMLESS.fullmatch(before[trigger.end() :]) for trigger in ADJACENT_HISTORY.finditer(before))
