"""Who, when and whether: is a phrase affirmed about this patient, now?

After NegEx (Chapman et al. 2001, J Biomed Inform 34:301) and ConText (Harkema et al. 2009, J Biomed Inform 42:839):
triggers before and after the phrase, scopes that conjunctions spread and terminators end. It differs where the two
errors differ in cost. A missed emergency costs more than a false alarm, so a trigger reaches a phrase only over
words known to be harmless, and every doubt affirms. Pseudo-negations ("no relief of ...", "not only ...") need no
list: their words are not harmless. Telegraphic sentences put the complaint behind a history or a denial ("PMH asthma,
crushing chest pain", "denies trauma, slurred speech"). A history reaches a complaint over harmless words only, and a
past event ("stroke") over a list of diseases too. A denial reaches over a comma only within a list: two commas, or an
"and", an "or" or a further item behind it. Resolved complaints stay affirmed, because a weakness that is gone is a TIA.

Does not cover: coreference across sentences.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from streams.domain import negation_triggers as trigger
from streams.domain import negation_zh
from streams.domain.disease_names import is_disease_list, is_past_event, names_a_disease
from streams.domain.hypothetical import is_hypothetical
from streams.domain.other_person import is_about_somebody_else

__all__ = ["Status", "phrase_status"]

CONTEXT_BEFORE_CHARACTERS = 240
CONTEXT_AFTER_CHARACTERS = 120
MAX_LIST_ITEM_WORDS = 4
MAX_HISTORY_WORDS = 5
MIN_LIST_COMMAS = 2
LONG_LIST_SEPARATORS = 4
"""So many items after a "no" are a list, even with an "or" in the middle."""

_SENTENCE_END = re.compile(r"[!?;。•]|\.(?![0-9])|(?<![,/])(?<! or)(?<! and)\n")
_NEXT_ITEM = re.compile(r",| or | and ")
_HAN = re.compile(r"[\u3400-\u9fff]")


class Status(StrEnum):
    """What a phrase says about the patient in front of us."""

    AFFIRMED = "affirmed"
    NEGATED = "negated"
    HYPOTHETICAL = "hypothetical"
    HISTORICAL = "historical"
    OTHER_PERSON = "other_person"


@dataclass(frozen=True, slots=True)
class _Mention:
    """A phrase in its sentence. `is_event`: it names a past event ("stroke") rather than a complaint."""

    before: str
    phrase: str
    after: str
    is_event: bool

    def behind(self, pattern: re.Pattern[str]) -> Iterator[str]:
        """Yield what stands between each trigger and the phrase."""
        return (self.before[match.end() :] for match in pattern.finditer(self.before))


def phrase_status(text: str, start: int, end: int) -> Status:
    """Return the status of the phrase [start, end) of a normalised text.

    Looks at the sentence around it, at most 240 characters back and 120 ahead, so the cost of one phrase is bounded.
    """
    before = _SENTENCE_END.split(text[max(0, start - CONTEXT_BEFORE_CHARACTERS) : start])[-1]
    after = _SENTENCE_END.split(text[end : end + CONTEXT_AFTER_CHARACTERS], maxsplit=1)[0]
    phrase = text[start:end]
    if _HAN.search(phrase):
        return Status(negation_zh.status_name(before, phrase, after))
    mention = _Mention(before, phrase, after, is_past_event(phrase, after))
    if _is_negated(mention):
        return Status.NEGATED
    if is_hypothetical(before, phrase, after, is_event=mention.is_event):
        return Status.HYPOTHETICAL
    if is_about_somebody_else(text, before, phrase, after):
        return Status.OTHER_PERSON
    if _is_historical(mention):
        return Status.HISTORICAL
    return Status.AFFIRMED


def _is_negated(mention: _Mention) -> bool:
    if trigger.QUALIFIED_AFTER.match(mention.after):
        return False
    if trigger.NEGATED_AFTER.match(mention.after):
        return True
    if trigger.STARTS_NEGATIVE.match(mention.phrase):
        return False
    return (
        any(_denial_reaches(between, mention) for between in mention.behind(trigger.DENIAL))
        or any(_no_history_reaches(between, mention) for between in mention.behind(trigger.NO_HISTORY))
        or any(_ruling_out_reaches(between, mention) for between in mention.behind(trigger.RULED_OUT))
        or any(_negation_reaches(between, mention) for between in mention.behind(trigger.NEGATION))
    )


def _denial_reaches(between: str, mention: _Mention) -> bool:
    """Say whether a clinician's "denies" reaches: over a list of complaints, not over "denies allergies".

    One comma makes no list: in "denies trauma, slurred speech" the speech is the complaint.
    """
    if trigger.TERMINATOR.search(between):
        return False
    no_complaint = trigger.NOT_A_COMPLAINT.search(between)
    item = trigger.DENIED_ITEM.search(between)
    if item is None:
        return no_complaint is None or between.rstrip().endswith(("or", "and"))
    tail = _NEXT_ITEM.split(mention.after, maxsplit=1)[0]
    if len(trigger.DENIED_LIST_COMMA.findall(between)) < MIN_LIST_COMMAS and (
        trigger.NEW_STATEMENT.search(f"{item[1]}|{tail}")
        or not (trigger.LIST_AND_OR.search(item[1]) or _list_goes_on(mention.after))
    ):
        return False
    told = item[1] + mention.phrase + tail
    return not (
        no_complaint or trigger.AFFIRMING_AFTER.match(mention.after) or trigger.PRESENTING.search(told)
    )


def _list_goes_on(after: str) -> bool:
    """Say whether a further item stands behind: any after "or", after a comma or "and" no new statement."""
    further = trigger.FURTHER_ITEM.match(after)
    if further is None:
        return False
    item = further["item"]
    return further["or"] is not None or not (
        len(item.split()) > MAX_LIST_ITEM_WORDS
        or trigger.TERMINATOR.search(item)
        or trigger.PRESENTING.search(item)
        or trigger.NEW_STATEMENT.search(item)
    )


def _no_history_reaches(between: str, mention: _Mention) -> bool:
    """A list of diseases that a patient never had does not deny the complaint behind it."""
    return (mention.is_event or not names_a_disease(between)) and _denial_reaches(between, mention)


def _ruling_out_reaches(between: str, mention: _Mention) -> bool:
    if trigger.HARMLESS.fullmatch(between):
        return True
    return mention.is_event and is_disease_list(between)


def _negation_reaches(between: str, mention: _Mention) -> bool:
    """Say whether a plain "no" or "not" reaches over `between`: harmless words, or a list closed by "or".

    Only an "or" directly before the phrase, or behind it, closes a list over the comma: in "no fever or chills,
    chest pain" the list is over.
    """
    if trigger.TERMINATOR.search(between) or trigger.SPACED_SLASH.search(between):
        return False
    separators = trigger.SEPARATOR.findall(between)
    *items, last = trigger.SEPARATOR.split(between)
    if any(len(item.split()) > MAX_LIST_ITEM_WORDS for item in items):
        return False
    if not trigger.HARMLESS.fullmatch(last) and not (
        mention.is_event and trigger.BARE_HISTORY.fullmatch(last)
    ):
        return False
    if not separators or "or" in separators[-1]:
        return True
    closed_before = any("or" in found for found in separators) and len(separators) < LONG_LIST_SEPARATORS
    if closed_before or trigger.PRESENTING.search(last + mention.phrase):
        return False
    if trigger.NOT_A_COMPLAINT.search(between) or trigger.NOTHING_TO_DENY.search(between):
        return False
    if all(separator == "/" for separator in separators):
        return True
    return trigger.FOLLOW_UP_OR.match(mention.after) is not None


def _is_historical(mention: _Mention) -> bool:
    if trigger.PAST_IN_DOUBT.search(mention.before) or trigger.RECENT_AFTER.match(mention.after):
        return False
    long_ago = trigger.EVENT_LONG_AGO_AFTER if mention.is_event else trigger.LONG_AGO_AFTER
    if long_ago.match(mention.after):
        return True
    if _happened_long_ago(mention):
        return True
    if any(_history_reaches(heading, mention) for heading in trigger.HISTORY_BEFORE.finditer(mention.before)):
        return True
    return any(trigger.HARMLESS.fullmatch(between) for between in mention.behind(trigger.ADJACENT_HISTORY))


def _happened_long_ago(mention: _Mention) -> bool:
    """In "3 months ago had a baby, chest pain" and "3 months ago chest pain started" the pain is a present one."""
    if trigger.ONSET_AFTER.match(mention.after):
        return False
    return any(trigger.HAPPENED.fullmatch(between) for between in mention.behind(trigger.LONG_AGO_BEFORE))


def _history_reaches(heading: re.Match[str], mention: _Mention) -> bool:
    """Say whether "history of" reaches: a complaint next to it, or a past event near it or in a list of diseases."""
    between = mention.before[heading.end() :]
    no_history = trigger.NEGATED_HEADING.search(mention.before[: heading.start()])
    if no_history and not heading[0].endswith("of"):
        return False
    if not mention.is_event:
        return trigger.HARMLESS.fullmatch(between) is not None
    if is_disease_list(between):
        return True
    return not (
        trigger.HISTORY_SEPARATOR.search(between)
        or trigger.TERMINATOR.search(between)
        or len(between.split()) > MAX_HISTORY_WORDS
    )
