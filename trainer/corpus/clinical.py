"""The voices of clinicians: triage note, bare chief complaint, ambulance handover, vignette."""

from __future__ import annotations

from random import Random

from trainer.corpus.model import Symptom, VitalValue
from trainer.corpus.person import Person, Telling
from trainer.corpus.story import Story
from trainer.corpus.tables import pools

__all__ = ["tell_ambulance", "tell_chief_complaint", "tell_triage_note", "tell_vignette", "write_vitals"]

_MIND = {
    "alert": ("alert", "A&O x3", "GCS 15"),
    "confusion": ("confused", "new confusion", "GCS 14, disoriented"),
    "voice": ("responds to voice", "V on AVPU", "GCS 12"),
    "pain": ("responds to pain only", "P on AVPU", "GCS 8"),
    "unresponsive": ("unresponsive", "U on AVPU", "GCS 3"),
}


def write_vitals(vitals: dict[str, VitalValue], rng: Random, *, at_most: int = 7) -> str:
    """Vital signs in shorthand; which ones are written is chance."""

    def number(name: str) -> str:
        return f"{vitals[name]:.0f}"

    if "heart_rate_bpm" not in vitals:
        return rng.choice(("no palpable pulse", "no recordable BP", "pulseless, apneic"))
    parts = [
        rng.choice(("BP {}", "{}", "BP: {} mmHg")).format(
            f"{number('systolic_bp_mmhg')}/{number('diastolic_bp_mmhg')}"
        ),
        rng.choice(("HR {}", "P {}", "pulse {}", "HR: {}")).format(number("heart_rate_bpm")),
        rng.choice(("RR {}", "resps {}", "R {}")).format(number("respiratory_rate_bpm")),
        rng.choice(("T {}", "temp {}", "BT {}")).format(vitals["temperature_c"]),
        rng.choice(("SpO2 {}%", "sats {}%", "O2 sat {}% RA")).format(number("spo2_percent")),
        rng.choice(_MIND[str(vitals["consciousness"])]),
    ]
    chosen = rng.sample(range(len(parts)), rng.randint(2, min(at_most, len(parts))))
    return ", ".join(parts[i] for i in sorted(chosen))


def _age(story: Story, rng: Random) -> str:
    if story.person.age_years:
        return f"{story.person.age_years}-year-old"
    if story.condition.age_range_years == (0, 0):
        return f"{rng.randint(1, 5)}-week-old"
    return f"{rng.randint(2, 11)}-month-old"


def _who(person: Person, rng: Random) -> str:
    age = f"{rng.randint(2, 11)}mo" if person.age_years == 0 else str(person.age_years)
    letter = "M" if person.sex == "male" else "F"
    unit = "" if age.endswith("mo") else rng.choice(("", "", "yo ", "y/o ", " yr old "))
    return f"{age}{unit}{letter}" if rng.random() < 0.7 else f"{letter}/{age}"


def _clinical(symptoms: tuple[Symptom, ...], telling: Telling, rng: Random) -> list[str]:
    return [telling.numbers(rng.choice(symptom.clinical)) for symptom in symptoms]


def _past_history(story: Story, telling: Telling, rng: Random) -> str:
    items = _clinical(story.history, telling, rng)
    return f"{rng.choice(('PMH', 'Hx', 'PMHx', 'h/o'))}: {', '.join(items)}" if items else ""


def _pain(story: Story, rng: Random) -> str:
    score = story.vitals.get("pain_score")
    if story.acuity.pain_score is None or not isinstance(score, float):
        return ""
    return rng.choice(("pain {}/10", "NRS {}", "pain score {}", "{}/10 pain")).format(round(score))


def tell_chief_complaint(story: Story, lead: str, rng: Random) -> str:
    """One to a few words, as typed into the chief-complaint field."""
    telling = Telling(story.person, story.vitals, rng, relation="pt")
    parts = [telling.numbers(lead)]
    if rng.random() < 0.15:
        parts += _clinical(story.accompanying[:1], telling, rng)
    if (story.needs_cue and rng.random() < 0.5) or rng.random() < 0.12:
        parts += _clinical(story.cues[:1], telling, rng)
    text = rng.choice((", ", ", ", " / ", " & ")).join(parts)
    return text[:1].upper() + text[1:] if rng.random() < 0.5 else text


def tell_triage_note(story: Story, lead: str, rng: Random) -> str:
    """A telegraphic nurse's note."""
    telling = Telling(story.person, story.vitals, rng, relation="pt")
    shorthand = story.timing.shorthand if story.timing else ""
    opening = rng.choice(("c/o ", "C/O ", "presents with ", "pt c/o ", "", "here for ", "CC: ", "reports "))
    who = f"{_who(story.person, rng)}{rng.choice((', ', ' ', ' - '))}" if rng.random() < 0.65 else ""
    parts = [f"{who}{opening}{telling.numbers(lead)} {shorthand}"]
    parts += _clinical(story.accompanying, telling, rng)
    parts += _clinical(story.cues, telling, rng)
    parts.append(_pain(story, rng) if rng.random() < 0.4 else "")
    if story.denials:
        parts.append(rng.choice(("denies ", "no ", "-ve ")) + "/".join(story.denials))
    if rng.random() < 0.55:
        parts.append(_past_history(story, telling, rng))
    if rng.random() < 0.35:
        parts.append(write_vitals(story.vitals, rng, at_most=5))
    text = rng.choice((", ", ". ", "; ")).join(part for part in parts if part)
    return text + "." if rng.random() < 0.5 else text


def tell_ambulance(story: Story, lead: str, rng: Random) -> str:
    """A crew's spoken handover."""
    telling = Telling(story.person, story.vitals, rng, relation="pt")
    person = story.person
    age = _age(story, rng)
    parts = [rng.choice(pools()["crew_opening"]).replace("{who}", f"{age} {person.sex}")]
    onset = f", {rng.choice(('onset', 'started'))} {story.timing.moment}" if story.timing else ""
    parts[0] += f" {telling.numbers(lead)}{onset}"
    parts += [
        item[:1].upper() + item[1:] for item in _clinical(story.accompanying + story.cues, telling, rng)
    ]
    parts.append(
        f"{rng.choice(('Obs', 'Vitals', 'On scene'))}: {write_vitals(story.vitals, rng)}"
        if rng.random() < 0.8
        else ""
    )
    parts.append(_pain(story, rng) if rng.random() < 0.4 else "")
    if story.denials:
        parts.append("Denies " + " or ".join(story.denials))
    parts.append(_past_history(story, telling, rng) if rng.random() < 0.6 else "")
    parts.append(rng.choice(pools()["crew_closing"]) if rng.random() < 0.4 else "")
    return ". ".join(part for part in parts if part) + "."


def tell_vignette(story: Story, lead: str, rng: Random) -> str:
    """A physician's case summary."""
    telling = Telling(story.person, story.vitals, rng, relation="pt")
    person = story.person
    age = _age(story, rng)
    article = "An" if age.startswith(("8", "11-", "18-")) else "A"
    timing = story.timing
    opening = rng.choice(pools()["vignette_opening"])
    when = f" {timing.span}" if timing and rng.random() < 0.5 else ""
    if timing and not when and rng.random() < 0.6:
        opening, when = f"{opening} a {timing.formal} history of", ""
    parts = [f"{article} {age} {person.noun} {opening} {telling.numbers(lead)}{when}"]
    details = _clinical(story.accompanying, telling, rng)
    pronoun = "He" if person.sex == "male" else "She"
    if details:
        parts.append(
            f"{rng.choice((f'{pronoun} also reports', 'Associated features:', 'There is also'))} {', '.join(details)}"
        )
    history = _clinical(story.history, telling, rng)
    if history:
        parts.append(
            f"{rng.choice(('Past history:', 'Background of', 'Medical history includes'))} {', '.join(history)}"
        )
    if story.denials:
        parts.append(f"{pronoun} denies {' or '.join(story.denials)}")
    cues = [item[:1].upper() + item[1:] for item in _clinical(story.cues, telling, rng)]
    parts += cues
    if rng.random() < 0.55:
        parts.append(
            f"{rng.choice(('On examination', 'Vital signs:', 'On arrival'))} {write_vitals(story.vitals, rng)}"
        )
    if story.finding and rng.random() < 0.6:
        finding = telling.numbers(story.finding)
        parts.append(finding[:1].upper() + finding[1:])
    return ". ".join(parts) + "."
