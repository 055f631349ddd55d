"""Is a phrase about a relative rather than the patient?

Relatives write for patients: "my father is having chest pain" is a patient. Parents, grandparents, aunts, uncles and
siblings count as somebody else only in the past tense and only where the writer tells a complaint or a worry of their
own, or where it is long over: "my dad had a heart attack" may be a call for help. Children and partners only where it
is long over.
"""

import re

from streams.domain.disease_names import is_past_event, names_a_disease
from streams.domain.negation_triggers import AGE

__all__ = ["is_about_somebody_else"]

_PREFIX = r"(?:(?:my|his|her|our|the|maternal|paternal|late|older|younger|elder|twin|step|half|great) ?-?)*"
_ANCESTOR = (
    r"(?:father|mother|mom|mum|dad|daddy|mama|papa|grandmother|grandfather|grandma|grandpa|granny|nan|gran|uncle|aunt"
    r"|auntie|cousin|brother|sister|sibling|parents?|grandparents?|brothers|sisters|siblings|father'?s|mother'?s)"
)
_PROXY = (
    r"(?:son|daughter|child|baby|wife|husband|partner|girlfriend|boyfriend|friend|neighbou?r"
    r"|colleague|niece|nephew)"
)
_PAST = (
    r"(?:both |also |have |has |recently |all )*(?:had|suffered(?: from)?|died(?: suddenly)?(?: of"
    r"| from| after| with)?|passed(?: away)?(?: of| from| after| with)?"
    r"|got|was diagnosed with|were diagnosed with|had been diagnosed with"
    r"|(?:has|have)(?: an?)? (?:[a-z]+ )?history of|with(?: a)? history of|with|history of|survived)"
)
_FAMILY_HISTORY = re.compile(
    r"\b(?:family (?:history|hx)|fhx?|fam hx|runs in (?:my|the|our) family"
    rf"|(?:family members?|relatives?)(?: of mine)?,? {_PAST})\b([^.]*)$"
)
_PATIENT_AGAIN = re.compile(
    r"\b(?:but|now|present[a-z]*|complain[a-z]*|c/o|here (?:with|for)|came|comes|report[a-z]*|found|woke"
    r"|i'm|i|i've|(?:is|are|was) having|has|he is|she is|patient|pt)\b"
)
"""A family history ends where the patient is spoken of."""
_ANCESTOR_PAST = re.compile(rf"\b{_ANCESTOR}(?: and {_PREFIX}{_ANCESTOR})?,? {_PAST}((?: [a-z]+){{0,6}}) ?$")
_PROXY_PAST = re.compile(rf"\b{_PROXY},? {_PAST}((?: [a-z]+){{0,3}}) ?$")
_DIED = re.compile(r"\b(?:died|passed)\b")
_FAMILY_AFTER = re.compile(r"[^,]{0,20}\b(?:runs in (?:my|the|our) family|in (?:my|the|our) family)\b")
_LONG_OVER = re.compile(
    r"\b(?:years ago|last year|in (?:19|20)[0-9][0-9]|at (?:age|the age)|aged? [0-9]+"
    r"|at (?:2[5-9]|[3-9][0-9])\b(?! ?(?:am|pm|%|percent|:|min|miles?|mph|km|past|to))"
    rf"|when (?:i|he|she) was (?:in (?:his|her|my) (?:[a-z]+ )?[a-z]+(?:ies|teens)\b|{AGE})"
    r"|in (?:his|her|their) [0-9]0'?s)"
)
_RECENT = re.compile(
    r"\b(?:today|tonight|now|currently|right now|this (?:morning|afternoon|evening)|just|minutes?"
    r"|mins?|hours?|hrs?|yesterday"
    r"|last night|days?|suddenly|he is|she is|he's|she's|is|isn't|won't|can't|cannot)\b"
)
_THIRD_PERSON_PATIENT = re.compile(
    r"\b(?:he|she)(?:'s| is| isn't| has| can't| cannot| won't| looks| seems| feels| says| keeps"
    r"| doesn't)\b|\b(?:his|her) (?!own\b)[a-z]+ (?:is|are|has|hurts?)\b|\bher (?:face|arm|speech)"
    r"|\bhis (?:face|arm|speech)"
)
_OWN_COMPLAINT = re.compile(
    r"\b(?:i (?:also |just |now |often )?(?:have|had|am|feel|get|keep|woke|suffer|experience)|i'm|im|i've|ive)"
    r"(?: (?!(?:my|his|her|he|she|him|think|no|not|called?|found)\b)[a-z']+){0,5}"
    r" (?:pains?|aches?|aching|sore|cough(?:ing)?|fever|feverish|headaches?|migraines?|dizzy|dizziness|tired|fatigued?"
    r"|sick"
    r"|nause[a-z]+|vomit[a-z]*|diarrh[a-z]+|rash|itch[a-z]*|numb[a-z]*|weak[a-z]*|tingling|short of breath|breathless"
    r"|palpitations|swollen|swelling|lump|bleeding|tight[a-z]*|heartburn|cramps?|symptoms?|cholesterol|blood pressure"
    r"|worried about my|concerned about my|at risk)\b"
    r"|\bi (?:worry|am worried|am concerned) about my (?:own )?(?:[a-z]+ )?(?:cholesterol|risk|blood pressure|heart"
    r"|health)\b"
    r"|\bi (?:can'?t|cannot|can hardly) (?:breathe|sleep|swallow|walk)\b"
    r"|\bmy (?:own )?(?:left |right |lower |upper )?(?:chest|head|arm|arms|leg|legs|back|stomach|belly|tummy|throat"
    r"|neck|knee|foot|feet|hand|hands|shoulder|heart|ear|eye|eyes|skin|nose|cholesterol|blood pressure)"
    r" (?:is|are|has|have|feels?|hurts?|aches?|itch(?:es)?|keeps?)\b"
    r"|\b(?:am i|should i be) (?:at risk|tested|checked|screened|worried)\b"
)
"""The writer is the patient. "I think" and "I need help" are said by whoever calls for a relative."""


def is_about_somebody_else(text: str, before: str, phrase: str, after: str) -> bool:
    """Say whether `phrase` is family history; `before` and `after` it in its sentence of the normalised `text`."""
    family = _FAMILY_HISTORY.search(before)
    if family and _is_of_the_family(family[1], phrase, after) and not _RECENT.search(after):
        return True
    if _FAMILY_AFTER.match(after):
        return not _RECENT.search(after)
    ancestor = _ANCESTOR_PAST.search(before)
    relative = ancestor or _PROXY_PAST.search(before)
    if not relative or _PATIENT_AGAIN.search(relative[1]):
        return False
    if _RECENT.search(after) or _RECENT.search(before):
        return False
    if _LONG_OVER.search(after) or _LONG_OVER.search(_clause(before, relative)) or _DIED.search(before):
        return True
    if not ancestor or _THIRD_PERSON_PATIENT.search(text):
        return False
    return _OWN_COMPLAINT.search(text) is not None


def _is_of_the_family(between: str, phrase: str, after: str) -> bool:
    """Say whether a family history reaches `phrase`: over a disease, "with" or a comma only to a past event."""
    if _PATIENT_AGAIN.search(between):
        return False
    if is_past_event(phrase, after):
        return True
    return not names_a_disease(between) and re.search(r"[,/&+]| - |\bwith\b|\bw\b", between) is None


def _clause(before: str, relative: re.Match[str]) -> str:
    return before[max(before.rfind(separator, 0, relative.start()) for separator in ",/") + 1 :]
