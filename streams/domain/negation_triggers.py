"""The English triggers, scopes and terminators of `negation`, as patterns over normalised text."""

import re

__all__ = [
    "ADJACENT_HISTORY",
    "AFFIRMING_AFTER",
    "DENIAL",
    "FOLLOW_UP_OR",
    "HARMLESS",
    "HISTORY_AFTER",
    "HISTORY_BEFORE",
    "HYPOTHETICAL",
    "NEGATED_AFTER",
    "NEGATION",
    "PAST_IN_DOUBT",
    "QUALIFIED_AFTER",
    "RECENT_AFTER",
    "SEPARATOR",
    "TERMINATOR",
]


def _words(words: str) -> str:
    return "|".join(words.split())


_PRONOUN = r"(?: (?:that|he|she|they|i|pt|patient))*"
_STATE = (
    r"(?: (?:have|has|had|having|is|was|any|feeling|feel|felt|experiencing|experienced?|been"
    r"|currently|any|to be|suffering from|complaining of|in))*"
)

DENIAL = re.compile(
    r"(?<!not )(?<!n't )\b(?:"
    rf"den(?:y|ies|ied|ying){_PRONOUN}{_STATE}"
    r"|neg(?:ative)? for|ros neg(?:ative)?|-ve for"
    r"|no (?:[a-z]+ )?(?:signs?|evidence|symptoms?|complaints?|indications?|report|mention"
    r"|features?) (?:of|or|suggesting|for)"
    r"|(?:free|absence) of|rul(?:ed|es|ing) out(?: for)?|(?:has |have )?never had(?: any| an?)?"
    r")\b:?"
)
"""Clinicians' denials: they spread over commas, "and" and "or" up to a terminator."""

NEGATION = re.compile(
    r"\b(?:no|nil|zero|without|w/o|neither|nor|never"
    rf"|(?:(?:do|does|did|have|has|had|is|was|are|am|were)(?: not|n'?t)|ain'?t|not){_STATE})\b"
)
"""Plain negations: they reach the next phrase over harmless words, or a list that "or" closes."""

HARMLESS = re.compile(
    r"(?: |-|\b(?:"
    + _words(
        "any active acute current currently new recent real really actually significant severe serious major obvious "
        "overt frank further other associated accompanying known apparent visible sudden crushing central substernal "
        "left right sided cardiac typical clear prior previous of the a an history hx sign signs symptom symptoms "
        "evidence complaint complaints feeling feelings thoughts thought plan plans intent "
        "intention intentions desire "
        "passive episode episodes to in been ever myself having committing attempting wanting"
    )
    + r")\b)*"
)

SEPARATOR = re.compile(r" ?, ?(?:n?or )?| n?or |/")

FOLLOW_UP_OR = re.compile(r"(?: ?[,/] ?(?!or\b)[a-z]+(?: [a-z]+){0,2}){0,6} ?,? n?or ")

TERMINATOR = re.compile(
    r"\b(?:"
    + _words(
        "but however although though except yet still now then today which because so present presents presenting "
        "presented complains complaining complained c/o reports reporting reported states endorses endorsed has have "
        "having is are am i'm im with since started developed admits positive pos also just only worried woke when "
        "while after until unless despite patient pt i he she they my his her due secondary found says here"
    )
    + r"|apart from|aside from|other than)\b|[:(]"
)

AFFIRMING_AFTER = re.compile(
    r" ?(?:that |which |has |is |was |have )*(?:started|start|starts|began|begin|since|for (?:the "
    r"|about )?(?:past|last|[0-9]|an?\b|one|two|three|several)"
    r"|x ?[0-9]|radiat|worse|going|spread|came|are|getting|happen|and (?:now|i|my|has|is))"
)
"""After a comma, an onset or a course says that the phrase opens a new statement."""

QUALIFIED_AFTER = re.compile(
    r"[^,]{0,24}\b(?:like this|like that|this (?:bad|severe|much|strong)|so (?:bad|severe)|as bad"
    r"|until|till?|unless|except"
    r"|before (?:today|this|now|last))\b"
)
""" "Never had chest pain like this", "no chest pain until today"."""

NEGATED_AFTER = re.compile(
    r" ?(?:\(-\)|(?:[:=(\-]|is|was|are|were|has been|have been)* ?(?:denied|denies|absent|negative|neg|not present"
    r"|ruled out|excluded|nil|none|no|n|false|not (?:reported|noted|seen|experienced))\)?(?= ?(?:[,)]|$)))"
)

_SUBJECT = r"(?:i|you|he|she|they|we|the patient|patient|pt|someone|somebody|anyone|a person|one|people)"
_INFORMATION = (
    r"symptoms?|signs?|causes?|caused|treat|treatments?|treated|prevent|prevention|prevents|risks?"
    r"|chances?|cure|cured"
    r"|complications?|differences?|medications?|definition|mean|means|types?|stages?|prognosis"
)
HYPOTHETICAL = re.compile(
    r"(?:"
    rf"\b(?:if|should|in case|what if|supposing)(?: {_SUBJECT})?(?: (?:ever|suddenly|also))*"
    r" (?:get|gets|getting|develop|develops|developed|experience|experiences|start|starts"
    r"|were to (?:have|get|develop)"
    r"|notice|notices|begin|begins)(?: (?:having|to have|any|an?|new|worsening|severe|sudden))*"
    r"|\b(?:if|when) (?:you|someone|somebody|anyone|a person|one|people) (?:have|has|having"
    r"|is having|are having)(?: (?:an?|any|severe|sudden))*"
    r"|\b(?:return|come back|call(?: 911| 999)?|seek (?:care|help|attention)|go to (?:the )?(?:er"
    r"|ed|a&e)) (?:if|for any|in case of)(?: [a-z]+){0,4}"
    r"|\bwhat(?:'s| is| are)(?: an?| the)?"
    rf"|\b(?:what|which|how)\b(?:(?!\b(?:my|i|i'm|me"
    rf"|our)\b)[^,])*\b(?:{_INFORMATION})\b(?:(?!\b(?:my|i|i'm|me|our)\b)[^,]){{0,30}}"
    r"|\b(?:information|info|facts|literature|research|articles?|leaflet|brochure"
    r"|resources) (?:about|on|regarding|for|concerning)(?: [a-z]+){0,4}"
    r"|\b(?:risk|risks|chances?|likelihood|probability|prevention|screening) (?:of|for)(?: [a-z]+){0,3}"
    r"|\b(?:prevent|preventing|avoid|avoiding)(?: (?:an?|another|future|having|the))*"
    r") ?$"
)
"""Reaches up to the phrase itself. "If I walk I get ..." is no condition but a complaint, and stays affirmed."""

HISTORY_BEFORE = re.compile(
    r"\b(?:history of|history significant for|h/o|hx of|hx:|hx|pmhx?:?(?: of| significant for)?"
    r"|past (?:medical |surgical )?history(?: of| significant for| includes| -|:)?|medical history:?"
    r"|(?:last|a) year(?: ago)?|(?:[0-9]+|two|three|four|five|six|seven|eight|nine|ten|several|many|few) years ago"
    r"|in (?:19|20)[0-9][0-9]|as a (?:child|kid|teen[a-z]*)|when (?:i|he|she) was (?:[0-9]+"
    r"|young[a-z]*|little|an? [a-z]+))\b:?"
)
ADJACENT_HISTORY = re.compile(r"\b(?:previous|previously|prior|past|remote|survivor of|recovered from)\b")

PAST_IN_DOUBT = re.compile(r"\b(?:like|same as|similar to|again|recurrent|another|since)\b[^,]{0,40}$")
"""It feels like last time."""

HISTORY_AFTER = re.compile(
    r"(?:(?!\b(?:since|started|began|for|still|again|worse|every|now)\b)[^,]){0,25}\b(?:in (?:19"
    r"|20)[0-9][0-9]|last year"
    r"|(?:[0-9]+|two|three|four|five|six|seven|eight|nine|ten|several|few|many|couple of"
    r"|some) ?(?:years|yrs|y|months) (?:ago|back)"
    r"|a year ago|years ago|as a (?:child|kid|teen[a-z]*)|in (?:childhood|the past)"
    r"|when (?:i|he|she) was (?:[0-9]+|young[a-z]*|little|an? [a-z]+))\b"
)

RECENT_AFTER = re.compile(
    r"[^,]{0,40}\b(?:since|today|tonight|now|currently|this (?:morning|afternoon|evening|week)|just"
    r"|minutes?|mins?|hours?"
    r"|hrs?|days?|yesterday|last night|again|returned|still|ongoing|suddenly|for (?:[0-9]+|an?|one"
    r"|two) (?:hours?|days?|min[a-z]*)|x ?[0-9])\b"
)
