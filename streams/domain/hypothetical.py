"""Is a phrase only asked about or set as a condition?

A question about an illness is one; a question about one's own complaint ("what causes chest pain that started an hour
ago", "which drug for a seizure that won't stop") is the complaint. A sign of the second, in the same sentence, wins.
"""

import re

__all__ = ["is_hypothetical"]

_SUBJECT = r"(?:i|you|he|she|they|we|the patient|patient|pt|someone|somebody|anyone|a person|one|people)"
_INFORMATION = (
    r"symptoms?|signs?|causes?|caused|treat|treatments?|treated|prevent|prevention|prevents|risks?"
    r"|chances?|cure|cured"
    r"|complications?|differences?|medications?|definition|mean|means|types?|stages?|prognosis"
)
_CONDITION = re.compile(
    r"(?:"
    rf"\b(?:if|should|in case|what if|supposing)(?: {_SUBJECT})?(?: (?:ever|suddenly|also))*"
    r" (?:get|gets|getting|develop|develops|developed|experience|experiences|start|starts"
    r"|were to (?:have|get|develop)"
    r"|notice|notices|begin|begins)(?: (?:having|to have|any|an?|new|worsening|severe|sudden))*"
    r"|\b(?:if|when) (?:you|someone|somebody|anyone|a person|one|people) (?:have|has|having"
    r"|is having|are having)(?: (?:an?|any|severe|sudden))*"
    r"|\b(?:return|come back|call(?: 911| 999)?|seek (?:care|help|attention)|go to (?:the )?(?:er"
    r"|ed|a&e)) (?:if|for any|in case of)(?: [a-z]+){0,4}"
    r") ?$"
)
"""Reaches up to the phrase itself. "If I walk I get ..." is no condition but a complaint, and stays affirmed."""

_QUESTION = re.compile(
    r"(?:"
    r"\bwhat(?:'s| is| are)(?: an?| the)?"
    rf"|\b(?:what|which|how)\b(?:(?!\b(?:my|i|i'm|me"
    rf"|our)\b)[^,])*\b(?:{_INFORMATION})\b(?:(?!\b(?:my|i|i'm|me|our)\b)[^,]){{0,30}}"
    r"|\b(?:information|info|facts|literature|research|articles?|leaflet|brochure"
    r"|resources) (?:about|on|regarding|for|concerning)(?: [a-z]+){0,4}"
    r"|\b(?:risk|risks|chances?|likelihood|probability|prevention|screening) (?:of|for)(?: [a-z]+){0,3}"
    r"|\b(?:prevent|preventing|avoid|avoiding)(?: (?:an?|another|future|having|the))*"
    r") ?$"
)

_HAPPENING = re.compile(
    r"\b(?:started|starting|began|begun|came on|since|(?:minutes?|mins?|hours?|hrs?|days?) ago|right now|now|today"
    r"|tonight|yesterday|last night|this (?:morning|afternoon|evening)|for (?:the )?(?:past|last|[0-9]+|an?|two|three) "
    r"(?:[0-9]+ )?(?:minutes?|mins?|hours?|hrs?|days?))\b"
)
_OWN = re.compile(
    r"(?<!if )(?<!when )\b(?:i (?:have|had|am|feel|felt|got|get|can'?t|cannot|woke|keep|think|need|just)"
    r"|i'm|i've|ive|im|(?:he|she) (?:is|has|can'?t|cannot|won'?t)|(?:he|she)'s"
    r"|my (?:[a-z]+ ){1,2}(?:is|are|has|have|hurts?|feels?|can'?t|won'?t))\b"
)


_GOING_ON = re.compile(
    r"\b(?:(?:won'?t|will not|doesn'?t|does not|isn'?t|is not|not|hasn'?t|has not|never|can'?t|cannot) (?:be )?"
    r"(?:stop|stops|stopped|stopping|end|ending|ended)"
    r"|who(?:'s| is| isn'?t| won'?t| can'?t| cannot| has(?:n'?t)?| stopped| just| took))\b"
)
"""What lasts, or what somebody does, happens."""


def is_hypothetical(before: str, phrase: str, after: str, *, is_event: bool) -> bool:
    """Say whether `phrase` is hypothetical between `before` and `after` in its sentence of a normalised text.

    `is_event`: it names an illness ("stroke") rather than a complaint.
    """
    if _CONDITION.search(before):
        return not (_HAPPENING.search(after) or _OWN.search(after))
    if not _QUESTION.search(before) or _HAPPENING.search(before + after) or _OWN.search(after):
        return False
    if _GOING_ON.search(before + phrase + after):
        return False
    # "I have diabetes, what is the risk of a stroke" asks; "I am sweating, what causes chest pain" tells.
    return is_event or not _OWN.search(before)
