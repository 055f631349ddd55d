"""The voices of patients and of the people around them: short note, long portal message, question."""

from __future__ import annotations

import re
from random import Random

from trainer.corpus.model import Phrase, PhraseKind, Symptom
from trainer.corpus.person import Telling, relation_for
from trainer.corpus.story import Story
from trainer.corpus.tables import pools

__all__ = ["tell_message", "tell_portal", "tell_question"]

_LEADS = (
    "@ [have/has] had {np} {span}",
    "@ [have/has] been having {np} {span}",
    "@ [have/has] {np} {span}",
    "{np} {span}",
    "@ [am/is] having {np}, it started {moment}",
    "@ [am/is] suffering from {np} {span}",
    "{moment} @ developed {np}",
    "@ started with {np} {moment}",
    "@ [have/has] got {np} {span}",
    "~ main problem is {np}, {span}",
    "It's {np} {span}",
)
_LEADS_TIMELESS = ("@ [have/has] {np}", "@ [have/has] got {np}", "{np}", "@ [am/is] here about {np}")
_STATE_TIMES = ("It started {moment}", "It's been going on {span}", "This began {moment}", "Going on {span}")
_EVENT_TIMES = ("This was {moment}", "That happened {moment}", "It happened {moment}")
_MORE = (
    "@ also [have/has] {np}",
    "And {np}",
    "Also {np}",
    "On top of that {np}",
    "with {np}",
    "@ [have/has] {np} as well",
    "plus {np}",
)
_DENIALS = (
    "No {0}",
    "@ [don't/doesn't] have any {0}",
    "There's no {0}",
    "No {0} as far as I can tell",
    "not had {0}",
)
_AGES_FIRST = (
    "I'm {age}",
    "I am a {age} year old {noun}",
    "{age}{letter}",
    "{age} y/o {noun} here",
    "I'm {age}, {sex}",
)
_AGES_OTHER = ("[x/He] is {age}", "{age} years old", "({age}{letter})", "[x/He] is {age} years old")

_SUGAR_WORDS = frozenset(("sugar", "glucose", "glu", "bm", "hba1c"))


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _joined(items: list[str]) -> str:
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


_ADULT_LIFE_FROM_YEARS = 16
_ADULT_LIFE = re.compile(
    r"^@ \[(live|work|drive|drink|walk|am)|^@ (retired|checked|took an)|work$|^bp|pressure"
)


class _Writer:
    """Collects the sentences of one message."""

    def __init__(self, story: Story, rng: Random, *, first_person: bool) -> None:
        self.story, self.rng = story, rng
        relation = None if first_person else relation_for(story.person, rng)
        self.telling = Telling(story.person, story.vitals, rng, relation=relation)
        self.sentences: list[str] = []

    def say(self, notation: str) -> None:
        self.sentences.append(_capital(self.telling.render(notation)))

    def from_pool(self, name: str, share: float) -> None:
        lines = pools()[name]
        if self.story.person.age_years < _ADULT_LIFE_FROM_YEARS:
            lines = tuple(line for line in lines if not _ADULT_LIFE.search(line))
        if self.rng.random() < share:
            self.say(self.rng.choice(lines))

    def lead(self, phrase: Phrase) -> None:
        timing = self.story.timing
        if phrase.kind is PhraseKind.NOUN:
            frame = self.rng.choice(_LEADS if timing else _LEADS_TIMELESS)
            fields = {"span": timing.span, "moment": timing.moment} if timing else {}
            self.say(_fill(frame, np=phrase.text, **fields))
        elif timing is None:
            self.say(phrase.text)
        elif phrase.kind is PhraseKind.EVENT and self.rng.random() < 0.6:
            self.say(
                f"{phrase.text} {timing.moment}"
                if self.rng.random() < 0.6
                else f"{timing.moment} {phrase.text}"
            )
        else:
            self.say(phrase.text)
            frames = _EVENT_TIMES if phrase.kind is PhraseKind.EVENT else _STATE_TIMES
            self.say(_fill(self.rng.choice(frames), span=timing.span, moment=timing.moment))

    def more(self, symptoms: tuple[Symptom, ...]) -> None:
        phrases = [self.rng.choice(symptom.lay) for symptom in symptoms]
        nouns = [phrase.text for phrase in phrases if phrase.kind is PhraseKind.NOUN]
        if nouns:
            self.say(_fill(self.rng.choice(_MORE), np=_joined(nouns)))
        for phrase in phrases:
            if phrase.kind is not PhraseKind.NOUN:
                self.say(phrase.text)

    def each(self, symptoms: tuple[Symptom, ...]) -> None:
        for symptom in symptoms:
            phrase = self.rng.choice(symptom.lay)
            self.say(
                phrase.text
                if phrase.kind is not PhraseKind.NOUN
                else _fill("@ [have/has] {np}", np=phrase.text)
            )

    def age(self) -> None:
        person = self.story.person
        if person.age_years < 2:
            return
        letter = "M" if person.sex == "male" else "F"
        frames = _AGES_FIRST if self.telling.first_person else _AGES_OTHER
        text = self.rng.choice(frames).replace("[x/He]", "He" if letter == "M" else "She")
        self.sentences.append(
            text.format(age=person.age_years, noun=person.noun, letter=letter, sex=person.sex)
        )

    def denials(self) -> None:
        if self.story.denials:
            frame = self.rng.choice(_DENIALS)
            joined = self.story.denials if "don't" in frame else self.story.denials[:2]
            self.say(frame.format(" or ".join(joined)))

    def pain(self) -> None:
        score = self.story.vitals.get("pain_score")
        if isinstance(score, float) and self.story.acuity.pain_score is not None and self.rng.random() < 0.25:
            self.say(
                self.rng.choice(("Pain is {0} out of 10", "I'd say {0}/10 for pain", "{0}/10")).format(
                    round(score)
                )
            )

    def measured(self, share: float) -> None:
        """A reading taken at home; a normal sugar only where sugar is not the problem."""
        if "heart_rate_bpm" not in self.story.vitals or self.story.condition.administrative:
            return
        self.from_pool("measured", share)
        if (
            self.story.condition.diagnosis != "diabetes"
            and not self.story.condition.vocabulary & _SUGAR_WORDS
        ):
            self.from_pool("sugar_fine", share / 3)

    def text(self) -> str:
        ends = [s if s[-1] in "?!." else s + "." for s in self.sentences if s]
        return " ".join(ends)


def _fill(frame: str, **fields: str) -> str:
    for name, value in fields.items():
        frame = frame.replace("{" + name + "}", value)
    return frame


def tell_message(story: Story, lead: Phrase, rng: Random, *, first_person: bool) -> str:
    """A short note of one to five sentences, as typed into an intake form or told at the desk."""
    writer = _Writer(story, rng, first_person=first_person)
    writer.from_pool("greeting", 0.15)
    if first_person and rng.random() < 0.25:
        writer.age()
    writer.lead(lead)
    if not first_person and rng.random() < 0.4:
        writer.age()
    writer.more(story.accompanying[: rng.choice((0, 1, 2))])
    writer.each(story.cues)
    writer.pain()
    if rng.random() < 0.4:
        writer.each(story.history[:2])
    writer.denials()
    writer.measured(0.1)
    writer.from_pool("remedy", 0.07 if story.condition.administrative else 0.12)
    writer.from_pool("fear", 0.07)
    writer.from_pool("ask", 0.3)
    return writer.text()


def tell_portal(story: Story, lead: Phrase, rng: Random, *, first_person: bool) -> str:
    """A long message to the practice, with life around it."""
    writer = _Writer(story, rng, first_person=first_person)
    writer.from_pool("greeting", 0.6)
    writer.from_pool("preamble", 0.4)
    if first_person:
        writer.age()
    if rng.random() < 0.3 and first_person:
        writer.each(story.history)
        writer.lead(lead)
    else:
        writer.lead(lead)
        writer.each(story.history)
    writer.more(story.accompanying)
    writer.from_pool("filler", 0.6)
    writer.each(story.cues)
    writer.pain()
    writer.from_pool("remedy", 0.25)
    writer.denials()
    writer.measured(0.2)
    writer.from_pool("filler", 0.3)
    writer.from_pool("fear", 0.25)
    writer.from_pool("ask", 0.7)
    writer.from_pool("closing", 0.5)
    return writer.text()


def tell_question(story: Story, lead: Phrase, rng: Random, *, first_person: bool) -> str:
    """A question as asked of a health line."""
    writer = _Writer(story, rng, first_person=first_person)
    if lead.kind is PhraseKind.NOUN and rng.random() < 0.5 and not story.condition.administrative:
        frame = rng.choice(pools()["question"])
        writer.telling = Telling(
            story.person,
            story.vitals,
            rng,
            relation=None if first_person else relation_for(story.person, rng),
        )
        span = story.timing.span if story.timing else ""
        writer.say(
            _fill(frame, np=lead.text, span=span, age=str(story.person.age_years), noun=story.person.noun)
        )
        writer.each(story.cues)
        writer.more(story.accompanying[:1])
    else:
        writer.lead(lead)
        writer.each(story.cues)
        writer.more(story.accompanying[:1])
        writer.from_pool("ask", 1.0)
    if rng.random() < 0.35:
        writer.each(story.history[:1])
    writer.from_pool("fear", 0.1)
    return writer.text()
