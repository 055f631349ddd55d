"""The English triggers, scopes and terminators of `negation`, as patterns over normalised text."""

import re

__all__ = [
    "ADJACENT_HISTORY",
    "AFFIRMING_AFTER",
    "AGE",
    "BARE_HISTORY",
    "DENIAL",
    "DENIED_ITEM",
    "DENIED_LIST_COMMA",
    "EVENT_LONG_AGO_AFTER",
    "FOLLOW_UP_OR",
    "FURTHER_ITEM",
    "HAPPENED",
    "HARMLESS",
    "HISTORY_BEFORE",
    "HISTORY_SEPARATOR",
    "LIST_AND_OR",
    "LONG_AGO_AFTER",
    "LONG_AGO_BEFORE",
    "NEGATED_AFTER",
    "NEGATED_HEADING",
    "NEGATION",
    "NEW_STATEMENT",
    "NOTHING_TO_DENY",
    "NOT_A_COMPLAINT",
    "NO_HISTORY",
    "ONSET_AFTER",
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
"""Clinicians' denials: they spread over "and", "or" and lists up to a terminator or what is no complaint."""

NO_HISTORY = re.compile(r"\bno (?:(?:known|prior|previous|past|recent) )*(?:history of|hx of|h/o)\b")

RULED_OUT = re.compile(r"\brul(?:ed|es|ing) out(?: for)?\b(?! ?(?:[,/;:.]|by\b))")
"""Reaches the next phrase, or the next names in a list of diseases."""

_HEADED_NIL = "".join(
    rf"(?<!{heading}{link})"
    for heading in ("pmh", "pmhx", "history", "hx", "meds", "medications", "allergies", "nkda", "drugs")
    for link in (" ", ": ", ":", " - ", "- ", "-", " = ")
)
NEGATION = re.compile(
    rf"\b(?:no|{_HEADED_NIL}nil|zero|without|w/o|neither|nor|never(?: (?:ever|had|experienced|any|an?))*"
    rf"|(?:(?:do|does|did|have|has|had|is|was|are|am|were)(?: not|n'?t)|ain'?t|not){_STATE})\b"
)
"""Plain negations: they reach the next phrase over harmless words, or a list that "or" closes; no "PMH nil"."""

_HARMLESS_WORD = (
    r"(?: |-|\b(?:history of|hx of|"
    + _words(
        "any active acute current currently new recent real really actually significant severe serious major "
        "obvious overt frank massive mild moderate minor multiple chronic further other associated "
        "accompanying known apparent visible sudden crushing central substernal left right sided cardiac "
        "typical clear prior previous of the a an sign signs symptom symptoms evidence complaint complaints "
        "feeling feelings thoughts thought plan plans intent intention intentions desire passive episode "
        "episodes to in been ever myself having committing attempting wanting"
    )
    + r")\b)"
)
HARMLESS = re.compile(rf"{_HARMLESS_WORD}*")

BARE_HISTORY = re.compile(r"(?: (?:prior|previous|past|known|medical|significant))* (?:history|hx)(?: of)? ?")

SEPARATOR = re.compile(r" ?, ?(?:n?or )?| n?or |/")
DENIED_ITEM = re.compile(r"(?:,| /|/ )(?! ?(?:n?or|and)\b)([^,/]*)$")
"""What stands between the last comma and the phrase, unless "or" or "and" closes the list there."""
DENIED_LIST_COMMA = re.compile(r",| /|/ ")
LIST_AND_OR = re.compile(r"\b(?:n?or|and)\b")
FURTHER_ITEM = re.compile(
    r"(?= ?[,/]| (?:and|n?or)\b) ?[,/]? ?(?:and |(?P<or>n?or ))?(?P<item>[a-z0-9](?:(?! (?:and|n?or) )[^,/])*)"
)
"""What stands behind a phrase in a list, up to the next separator."""
NEW_STATEMENT = re.compile(
    r"[0-9]|\b(?:onset|ago|sudden(?:ly)?|all|very|so|really|getting|got|went|took|brought|called|sent|noted|via|by|again"
    r"|last night|yesterday|tonight|morning|afternoon|evening|noon|wife|husband|family|ems|ambulance|vitals|bp|hr|sats"
    r"|help|please|pls|crying|shaking|looks|looking|feels|feeling|pale|sweaty|clammy|worse|worsening|can'?t|not)\b"
)
"""What no further item of a denied list says."""
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
    r"|gunshot|gsw|shot|stab(?:bed|s)?|cyanotic|gasping|took|taken|swallowed|drank|closing|pale|with plan"
    r"|unconscious|can'?t|cannot|unable|won'?t|isn'?t|not (?:breathing|responding)|collapsed|blue|grey|gray)\b"
)
"""How a complaint is told rather than how a denied one is listed."""

STARTS_NEGATIVE = re.compile(
    r"(?:can'?t|cannot|can not|could ?n'?t|won'?t|not|isn'?t|unable|no|without|neither)\b"
)
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

AGE = (
    r"(?:[0-9]{1,2}(?= (?:years?|yrs?|yo|y/o|and|but|or|from|after|due|now|because|which|that)\b| ?(?:[,)/:\-]|$))"
    r"|young(?:er)?|little(?= ?(?:[,)]|$))"
    r"|an? (?:(?:young|small|little) )?(?:child|kid|teen[a-z]*|baby|boy|girl|toddler))"
)
"""An age, where "when I was 200 metres from home" and "when I was 8 weeks pregnant" tell none."""
_LONG_AGO = (
    r"last year|a year ago|years ago"
    r"|(?:[0-9]+|two|three|four|five|six|seven|eight|nine|ten|several|many|few|couple of|some)"
    r"(?: ?(?:to|or|-) ?(?:[0-9]+|[a-z]+))? ?(?:years|yrs|y|months) (?:ago|back)|in (?:19|20)[0-9][0-9]"
    r"|as a (?:child|kid|teen[a-z]*)"
    rf"|when (?:i|he|she) was {AGE}"
)
_IN_THE_PAST = (
    r"in the past(?! (?:(?:few|couple|several|of|[0-9]+|[a-z]+) ){0,2}"
    r"(?:min(?:ute)?s?|hours?|hrs?|days?|nights?|weeks?|wks?|fortnight|months?|years?)\b| (?:24|48|72)h?\b)"
)
"""Not "in the past week", which is now."""
LONG_AGO_BEFORE = re.compile(
    r"(?:^|[,:(\-]|\b(?:and|had|also|suffered|then|about|around|over|back|nearly|almost|i|he|she|only|once)) ?"
    rf"(?:an? )?\b(?:{_LONG_AGO})(?![a-z0-9])(?=(?:, (?:had|suffered|there was|diagnosed|admitted)\b|[^,/])*$)"
    rf"|\b(?:{_LONG_AGO})(?![a-z0-9]) (?:for|due to|following)(?= (?:an? |the )?$)"
)
"""A time at the head of its clause. Behind a noun ("bypass 3 years ago") it belongs to that, and to its reason."""
HAPPENED = re.compile(
    rf"(?:{_HARMLESS_WORD}|\b(?:"
    + _words("i he she had was were suffered experienced got diagnosed with for there mini small big")
    + r")\b|,)*+"
)
"""What may stand between a time long ago and what happened then."""
ONSET_AFTER = re.compile(
    r"[^,]{0,25}\b(?:started|starts?|starting|began|begun|begins?|came on|since|still|ongoing|continu[a-z]+|keeps?"
    r"|getting|worse[a-z]*|again|every|on and off|comes and goes|now|today|tonight)\b"
)
"""A time before an onset says how long something has lasted."""
ADJACENT_HISTORY = re.compile(r"\b(?:previous|previously|prior|past|remote|survivor of|recovered from)\b")

PAST_IN_DOUBT = re.compile(r"\b(?:like|same as|similar to|again|recurrent|another|since)\b[^,]{0,40}$")
"""It feels like last time."""

LONG_AGO_AFTER = re.compile(
    r"(?:[ (:\-]|\b(?:back|about|around|over|nearly|almost|approximately|was|were|occurred|happened|once|twice"
    r"|episodes?|attacks?|wounds?|injury|injuries|treated|resolved|diagnosed|at home|which|that|in|an?|the|only"
    r"|(?:from|after|due to|following)(?: (?:an?|the|my|his|her|old|previous))* (?:strokes?|cva|surgery|accident))\b)*"
    rf"\b(?:{_LONG_AGO}|in childhood|{_IN_THE_PAST})(?![a-z0-9])"
)
"""Only over words that cannot be another event: "chest pain, stent 3 years ago" is chest pain today."""

EVENT_LONG_AGO_AFTER = re.compile(
    r"(?:(?!\b(?:since|started|began|for|still|again|worse|every|now|symptoms?|signs?)\b)[^,]){0,25}"
    rf"\b(?:{_LONG_AGO}|in childhood|{_IN_THE_PAST})(?![a-z0-9])"
)
"""For names of past events, over a few words of any kind."""

RECENT_AFTER = re.compile(
    r"[^,]{0,40}\b(?:since|today|tonight|now|currently|this (?:morning|afternoon|evening|week)|just"
    r"|minutes?|mins?|hours?"
    r"|hrs?|days?|(?:past|last|few|couple of) (?:[a-z0-9]+ )?(?:weeks?|months?)"
    r"|yesterday|last night|again|returned|still|ongoing|suddenly|for (?:[0-9]+|an?|one"
    r"|two) (?:hours?|days?|min[a-z]*)|x ?[0-9])\b"
)
