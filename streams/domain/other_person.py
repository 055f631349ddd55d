"""Is a phrase about a relative rather than the patient?

Relatives write for patients: "my father is having chest pain" is a patient. Parents, grandparents, aunts, uncles and
siblings count as somebody else only in the past tense and only with a sign that the writer is the patient, or that it
is long over, or where the phrase names a disease that runs in families. Children and partners only where it is long
over.
"""

import re

from streams.domain.disease_names import is_past_event

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
    r"\b(?:years ago|last year|in (?:19|20)[0-9][0-9]|at (?:age|the age)|aged? [0-9]+|at [0-9]{2}\b"
    r"|when (?:i|he|she) was|in (?:his|her|their) [0-9]0'?s)"
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
_FIRST_PERSON = re.compile(
    r"\b(?:i|i'm|im|i've|ive|me|myself|mine)\b|\bmy (?!"
    + _ANCESTOR[3:-1]
    + r")[a-z]+ (?:is|are|hurts?|feels?)\b"
)
_HEREDITARY = re.compile(
    r"\b(?:heart attacks?|mi|myocardial infarctions?|strokes?|aneurysms?|blood clots?"
    r"|pulmonary embolism|aaa|dissections?)\b"
)


def is_about_somebody_else(text: str, before: str, phrase: str, after: str) -> bool:
    """Say whether `phrase` is family history; `before` and `after` it in its sentence of the normalised `text`."""
    family = _FAMILY_HISTORY.search(before)
    if family and _is_of_the_family(family[1], phrase) and not _RECENT.search(after):
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
    return _HEREDITARY.search(phrase) is not None or _FIRST_PERSON.search(text) is not None


def _is_of_the_family(between: str, phrase: str) -> bool:
    """Say whether a family history reaches `phrase`: over a comma only to the name of a disease."""
    if _PATIENT_AGAIN.search(between):
        return False
    return is_past_event(phrase) or re.search(r"[,/]| - ", between) is None


def _clause(before: str, relative: re.Match[str]) -> str:
    return before[max(before.rfind(separator, 0, relative.start()) for separator in ",/") + 1 :]
