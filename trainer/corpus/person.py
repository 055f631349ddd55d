"""Who the message is about, and how phrases are conjugated for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from trainer.corpus.model import Condition, VitalValue

__all__ = ["Person", "Telling", "draw_person", "relation_for"]

_MARK = re.compile(r"[@~^#]|\[([^/\]]*)/([^\]]*)\]")
_SLOT = re.compile(r"\{(\w+)(?::([\d.]+)-([\d.]+))?\}")
_MGDL_PER_MMOLL = 18.0
_ADULT_FROM_YEARS, _PARTNER_FROM_YEARS, _OLDER_FROM_YEARS = 18, 24, 48


@dataclass(frozen=True, slots=True)
class Person:
    age_years: int
    sex: str
    pregnant: bool | None

    @property
    def noun(self) -> str:
        """The noun a clinician would use."""
        if self.age_years < 2:
            return "infant boy" if self.sex == "male" else "infant girl"
        if self.age_years < 16:
            return "boy" if self.sex == "male" else "girl"
        return "man" if self.sex == "male" else "woman"


def draw_person(condition: Condition, rng: Random) -> Person:
    """A person within the condition's age range and sex distribution."""
    low, high = condition.age_range_years
    age = round(rng.triangular(low, high, (low + high) / 2)) if high - low > 30 else rng.randint(low, high)
    share_male = {"male": 1.0, "female": 0.0, "mostly_male": 0.72, "mostly_female": 0.28}.get(
        condition.sex, 0.5
    )
    sex = "male" if rng.random() < share_male else "female"
    pregnant: bool | None = None
    if condition.pregnant:
        pregnant = True
    elif sex == "female" and 15 <= age <= 50:
        pregnant = rng.choice((None, None, False))
    return Person(age, sex, pregnant)


_CHILD = {
    "male": ("my son", "our little boy", "my boy"),
    "female": ("my daughter", "our little girl", "my girl"),
}
_YOUNG_ADULT = {
    "male": ("my son", "my brother", "my boyfriend", "a friend of mine", "my flatmate", "my cousin"),
    "female": ("my daughter", "my sister", "my girlfriend", "a friend of mine", "my roommate", "my cousin"),
}
_ADULT = {
    "male": ("my husband", "my brother", "my partner", "a friend of mine", "my colleague", "my neighbour"),
    "female": ("my wife", "my sister", "my partner", "a friend of mine", "my colleague", "my neighbor"),
}
_OLDER = {
    "male": ("my dad", "my father", "my husband", "my neighbour", "my father in law", "my grandad"),
    "female": ("my mum", "my mother", "my mom", "my wife", "my neighbor", "my gran", "my mother-in-law"),
}


def relation_for(person: Person, rng: Random) -> str:
    """How a relative would name this person: "my daughter", "my grandad"."""
    if person.age_years < 2:
        return rng.choice(("my baby", "our baby", "my little one", *_CHILD[person.sex]))
    if person.age_years < _ADULT_FROM_YEARS:
        return rng.choice(_CHILD[person.sex])
    if person.age_years < _PARTNER_FROM_YEARS:
        return rng.choice(_YOUNG_ADULT[person.sex])
    return rng.choice((_ADULT if person.age_years < _OLDER_FROM_YEARS else _OLDER)[person.sex])


class Telling:
    """Renders phrases for one message: the first mention of a third person names the relation."""

    def __init__(
        self, person: Person, vitals: dict[str, VitalValue], rng: Random, *, relation: str | None
    ) -> None:
        self.person = person
        self.first_person = relation is None
        self._vitals = vitals
        self._rng = rng
        self._unnamed = relation
        self._metric = rng.random() < 0.5
        male = person.sex == "male"
        self._subject = "I" if self.first_person else "he" if male else "she"
        self._possessive = "my" if self.first_person else "his" if male else "her"
        self._object = "me" if self.first_person else "him" if male else "her"

    def render(self, phrase: str) -> str:
        """The phrase with pronouns, verbs and numbers filled in."""
        return _SLOT.sub(self._number, _MARK.sub(self._word, phrase))

    def numbers(self, phrase: str) -> str:
        """Only the numbers filled in, for clinicians' shorthand."""
        return _SLOT.sub(self._number, phrase)

    def _word(self, match: re.Match[str]) -> str:
        mark = match.group()
        if mark == "@":
            return self._named(self._subject, "")
        if mark == "~":
            return self._named(self._possessive, "'s")
        if mark == "^":
            return self._named(self._object, "")
        if mark == "#":
            return "myself" if self.first_person else f"{self._object}self"
        return match.group(1 if self.first_person else 2)

    def _named(self, pronoun: str, ending: str) -> str:
        if self._unnamed is None:
            return pronoun
        name, self._unnamed = self._unnamed, None
        return name + ending

    def _number(self, match: re.Match[str]) -> str:
        name, low, high = match.groups()
        if name == "bp":
            return f"{self._vitals['systolic_bp_mmhg']:.0f}/{self._vitals['diastolic_bp_mmhg']:.0f}"
        if name == "hr":
            return f"{self._vitals['heart_rate_bpm']:.0f}"
        if name == "temp":
            return f"{self._vitals['temperature_c']:.1f}"
        if name == "n":
            return str(self._rng.randint(int(low), int(high)))
        drawn = self._rng.uniform(float(low), float(high))
        if name == "glu":
            return f"{drawn:.1f}" if self._metric else f"{drawn * _MGDL_PER_MMOLL:.0f}"
        if name == "x":
            return f"{drawn:.1f}"
        raise KeyError(name)
