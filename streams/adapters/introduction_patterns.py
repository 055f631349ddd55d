"""Recognisers of names by how people are introduced. They come after `identifier_patterns`, and are less sure.

A name alone is not recognisable by patterns; a full name in capitals behind "I am" is. What stands there is taken for a
name only where each of its words is capitalised as names are, and none is a clinical word, a disease or a word that
begins sentences. Lower-case names, names without such a context and names in other scripts stay.
"""

import re

from streams.adapters.identifier_patterns import Guard, Recognizer
from streams.domain.disease_names import names_a_disease

__all__ = ["INTRODUCTIONS"]

_WORD = r"[A-ZÀ-ÖØ-Þ](?:['’][A-ZÀ-ÖØ-Þ])?[a-zß-öø-ÿ]{1,24}(?:[-'’][A-ZÀ-ÖØ-Þa-zß-öø-ÿ]{1,24}){0,2}"
_FULL = rf"{_WORD}(?: {_WORD}| [A-Z]\.){{1,3}}"
_ANY = rf"{_WORD}(?: {_WORD}| [A-Z]\.){{0,3}}"
_END = r"(?=\s{0,3}(?:[.,;:!?()\n]|$|and\b|here\b|from\b|speaking\b|calling\b|writing\b|\d))"
_STARTS = r"(?:^|(?<=[.!?\n] )|(?<=\n))"
_RELATIVES = (
    r"(?:son|daughter|wife|husband|mother|father|mum|mom|dad|brother|sister|friend|partner|neighbou?r|child|baby"
    r"|boyfriend|girlfriend|uncle|aunt|nephew|niece|cousin|grand(?:mother|father|son|daughter)|colleague|client)"
)
_NO_NAMES = frozenset(
    re.findall(
        r"[a-z]+",
        """
        a about again all also am an and any april are as at august bad been being blood both but by can chief
        complaint complaints currently date december denies details does due english february feeling feels few
        first for friday from general getting good got had has have having he health hello help her here hi high him
        his history hospital how i if in information is it january july june just last left like low march may me
        medical mild moderate monday more most mr mrs ms my name negative never new no non normal not note notes
        november now october of off old on once one only or our out over patient please positive post pre present
        presenting previous reports right saturday says seen september she since so some still such sunday taking
        that the their then there they this three thursday to today triage tuesday two type unable under unknown
        until up urgent vaccinated very was we wednesday well were what when where which while who why with woke yes
        yesterday you your
        """,
    )
)


def _name_length(name: str, guard: Guard) -> int:
    """All of it, or nothing where a word of it is no name."""
    words = name.lower().split()
    stranger = any(word in _NO_NAMES or guard.keeps(word) for word in words)
    return 0 if stranger or names_a_disease(name.lower()) else len(name)


def _introduced(pattern: str, *needs: str) -> Recognizer:
    return Recognizer("NAME", re.compile(pattern), group=1, trim=_name_length, needs=needs)


INTRODUCTIONS: tuple[Recognizer, ...] = (
    _introduced(
        rf"(?<!\w)(?:[Ii] am|[Ii]['’]?m|[Tt]his is|[Ii]t is|[Ii]t['’]s)(?: called| named)? ({_FULL}){_END}",
        *("i am", "i'm", "i’m", "im ", "this is", "it is", "it's", "it’s"),
    ),
    _introduced(
        rf"(?<!\w)(?:[Ii] am called|[Cc]all me|(?:named|called)|[Nn]ame) ({_FULL}){_END}",
        *("call", "name"),
    ),
    _introduced(
        rf"{_STARTS}({_FULL})(?= here\b[.,;!:]| speaking\b| (?:is )?(?:calling|writing)\b)", "here", "ing"
    ),
    _introduced(
        rf"{_STARTS}({_FULL})(?=,? \(?\d{{1,3}} ?(?:[MFmf]\b|y\b|yo\b|yrs?\b|years?\b))", "1", *"23456789"
    ),
    _introduced(
        rf"(?<!\w)(?:[Pp]atient|[Pp]t)(?: is| named| called|'s name is)? ({_FULL}){_END}",
        *("patient", "pt "),
    ),
    _introduced(
        rf"(?<!\w)(?:[Mm]y|[Oo]ur|[Hh]is|[Hh]er|[Tt]he) {_RELATIVES},? ({_ANY})(?![\w-])",
        "my ",
        "our ",
        "his ",
        "her ",
        "the ",
    ),
    _introduced(
        rf"(?<!\w)(?:[Rr]egards|[Ss]incerely|[Cc]heers|[Tt]hanks|[Tt]hank you|[Yy]ours truly|[Yy]ours),?"
        rf" ({_FULL})\s{{0,3}}\.?\s{{0,3}}$",
        *("regards", "sincerely", "cheers", "thank", "yours"),
    ),
    Recognizer(
        "NAME",
        re.compile(
            r"(?<!\w)[Mm]y (?:full )?name(?:'s| is) \[NAME\]"
            r" ([a-zß-öø-ÿ][a-zß-öø-ÿ'’-]{1,30})(?=[.,;!\n]|$| and\b| i\b)"
        ),
        group=1,
        trim=_name_length,
        needs=("[name] ",),
    ),
)
"""In order of precedence. Every repetition is bounded, so matching is linear."""
