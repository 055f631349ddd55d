"""The English triggers, scopes and terminators of `negation`, as patterns over normalised text."""

import re

__all__ = [
    "ADJACENT_HISTORY",
    "AFFIRMING_AFTER",
    "BARE_HISTORY",
    "DENIAL",
    "DENIED_ITEM",
    "EVENT_LONG_AGO_AFTER",
    "FOLLOW_UP_OR",
    "HARMLESS",
    "HISTORY_BEFORE",
    "HISTORY_SEPARATOR",
    "LONG_AGO_AFTER",
    "LONG_AGO_BEFORE",
    "NEGATED_AFTER",
    "NEGATED_HEADING",
    "NEGATION",
    "NOTHING_TO_DENY",
    "NOT_A_COMPLAINT",
    "NO_HISTORY",
    "PAST_IN_DOUBT",
    "PRESENTING",
    "QUALIFIED_AFTER",
    "RECENT_AFTER",
    "RULED_OUT",
    "SEPARATOR",
    "SPACED_SLASH",
    "STARTS_NEGATIVE",
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
    r"|(?:free|absence) of"
    r")\b:?"
)
"""Clinicians' denials: they spread over commas, "and" and "or" up to a terminator or what is no complaint."""

NO_HISTORY = re.compile(r"\bno (?:(?:known|prior|previous|past|recent) )*(?:history of|hx of|h/o)\b")

RULED_OUT = re.compile(r"\brul(?:ed|es|ing) out(?: for)?\b(?! ?(?:[,/;:.]|by\b))")
"""Reaches the next phrase, or the next names in a list of diseases."""

NEGATION = re.compile(
    r"\b(?:no|nil|zero|without|w/o|neither|nor|never(?: (?:ever|had|experienced|any|an?))*"
    rf"|(?:(?:do|does|did|have|has|had|is|was|are|am|were)(?: not|n'?t)|ain'?t|not){_STATE})\b"
)
"""Plain negations: they reach the next phrase over harmless words, or a list that "or" closes."""

HARMLESS = re.compile(
    r"(?: |-|\b(?:history of|hx of|"
    + _words(
        "any active acute current currently new recent real really actually significant severe serious major obvious "
        "overt frank further other associated accompanying known apparent visible sudden crushing central substernal "
        "left right sided cardiac typical clear prior previous of the a an sign signs symptom symptoms "
        "evidence complaint complaints feeling feelings thoughts thought plan plans intent "
        "intention intentions desire "
        "passive episode episodes to in been ever myself having committing attempting wanting"
    )
    + r")\b)*"
)

BARE_HISTORY = re.compile(r"(?: (?:prior|previous|past|known|medical|significant))* (?:history|hx)(?: of)? ?")

SEPARATOR = re.compile(r" ?, ?(?:n?or )?| n?or |/")
DENIED_ITEM = re.compile(r"(?:,| /|/ )(?! ?(?:n?or|and)\b)([^,/]*)$")
"""What stands between the last comma and the phrase, unless "or" or "and" closes the list there."""
SPACED_SLASH = re.compile(r" /|/ ")
HISTORY_SEPARATOR = re.compile(r"[,/&+]| -|- |\b(?:and|or)\b")

FOLLOW_UP_OR = re.compile(
    r"(?: ?[,/] ?(?!or\b)[a-z]+(?: [a-z]+){0,2}){0,6} ?,? n?or (?!(?:i|i'm|he|she|is|am)\b)"
)

NOT_A_COMPLAINT = re.compile(
    r"\b(?:allerg[a-z]+|nkd?a|meds|medications?|medicines?|tablets|pills|pmhx?|medical history|surger[a-z]+|operations?"
    r"|insurance|smok[a-z]+|tobacco|drinking|alcohol|etoh|none|nil|unremarkable|unknown)\b"
)
"""Whoever denies allergies has said nothing about what stands behind the comma."""

NOTHING_TO_DENY = re.compile(
    r"\b(?:appetite|sleep|sleeping|eating|energy|idea|one|changes?|improvement|relief|better|worse|help|money|car|doctor"
    r"|gp|well)\b"
)
"""What a plain "no" or "not" says of a life rather than of a complaint."""

PRESENTING = re.compile(
    r"\b(?:crushing|squeezing|tearing|ripping|radiat[a-z]*|spreading|going (?:to|down|into|up)|unresponsive"
    r"|unconscious|can'?t|cannot|unable|won'?t|isn'?t|not (?:breathing|responding)|collapsed|blue|grey|gray)\b"
)
"""How a complaint is told rather than how a denied one is listed."""

STARTS_NEGATIVE = re.compile(r"(?:can'?t|cannot|can not|could ?n'?t|won'?t|not|isn'?t|unable|no)\b")
"""A "no" in front of "can't breathe" denies something else."""

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

HISTORY_BEFORE = re.compile(
    r"\b(?:history of|history significant for|h/o|hx of|hx:|hx|pmhx?:?(?: of| significant for)?"
    r"|past (?:medical |surgical )?history(?: of| significant for| includes| -|:)?|medical history:?)(?![a-z]):?"
)
NEGATED_HEADING = re.compile(r"\b(?:no|nil|without|unremarkable|denies)\b[^,]{0,20}$")

_LONG_AGO = (
    r"last year|a year ago|years ago"
    r"|(?:[0-9]+|two|three|four|five|six|seven|eight|nine|ten|several|many|few|couple of|some)"
    r"(?: ?(?:to|or|-) ?(?:[0-9]+|[a-z]+))? ?(?:years|yrs|y|months) (?:ago|back)|in (?:19|20)[0-9][0-9]"
    r"|as a (?:child|kid|teen[a-z]*)"
    r"|when (?:i|he|she) was (?:[0-9]+|young[a-z]*|little|an? [a-z]+)"
)
LONG_AGO_BEFORE = re.compile(
    r"(?:^|[,:(\-]|\b(?:and|had|also|suffered|then|about|around|over|back|nearly|almost|i|he|she|only|once)) ?"
    rf"(?:an? )?\b(?:{_LONG_AGO})\b(?=(?:, (?:had|suffered|there was|diagnosed|admitted)\b|[^,/])*$)"
    rf"|\b(?:{_LONG_AGO}) (?:for|due to|following)(?= (?:an? |the )?$)"
)
"""A time at the head of its clause. Behind a noun ("bypass 3 years ago") it belongs to that, and to its reason."""
ADJACENT_HISTORY = re.compile(r"\b(?:previous|previously|prior|past|remote|survivor of|recovered from)\b")

PAST_IN_DOUBT = re.compile(r"\b(?:like|same as|similar to|again|recurrent|another|since)\b[^,]{0,40}$")
"""It feels like last time."""

LONG_AGO_AFTER = re.compile(
    r"(?:[ (:\-]|\b(?:back|about|around|over|nearly|almost|approximately|was|were|occurred|happened|once|twice"
    r"|episodes?|attacks?|wounds?|injury|injuries|treated|resolved|diagnosed|at home|which|that|in|an?|the|only"
    r"|(?:from|after|due to|following)(?: (?:an?|the|my|his|her|old|previous))* (?:strokes?|cva|surgery|accident))\b)*"
    rf"\b(?:{_LONG_AGO}|in childhood|in the past)\b"
)
"""Only over words that cannot be another event: "chest pain, stent 3 years ago" is chest pain today."""

EVENT_LONG_AGO_AFTER = re.compile(
    r"(?:(?!\b(?:since|started|began|for|still|again|worse|every|now|symptoms?|signs?)\b)[^,]){0,25}"
    rf"\b(?:{_LONG_AGO}|in childhood|in the past)\b"
)
"""For names of past events, over a few words of any kind."""

RECENT_AFTER = re.compile(
    r"[^,]{0,40}\b(?:since|today|tonight|now|currently|this (?:morning|afternoon|evening|week)|just"
    r"|minutes?|mins?|hours?"
    r"|hrs?|days?|yesterday|last night|again|returned|still|ongoing|suddenly|for (?:[0-9]+|an?|one"
    r"|two) (?:hours?|days?|min[a-z]*)|x ?[0-9])\b"
)
