"""Reads the TOML tables (lexicon, conditions, background) into typed records, and refuses what doesn't fit.

Phrase notation, in every table: `@` subject (I, he, she), `~` possessive, `^` object, `#` reflexive,
`[have/has]` the verb for
the first and the third person, `{bp}` or `{n:2-5}` a number; a leading `!` marks a clause that describes a
state, `*` one that tells an event, nothing marks a noun phrase. `lay; lay // clinical; clinical // 中文`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from trainer.corpus.model import DIAGNOSES, Acuity, Condition, Phrase, PhraseKind, Symptom

__all__ = ["conditions", "denial_words", "pools", "symptoms"]

_HERE = Path(__file__).parent
_SEXES = {"F": "female", "M": "male", "f": "mostly_female", "m": "mostly_male"}
_KINDS = {"!": PhraseKind.STATE, "*": PhraseKind.EVENT}
_WORD = re.compile(r"[a-z]+")


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _split(text: str, separator: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(separator) if part.strip())


def _phrase(text: str) -> Phrase:
    kind = _KINDS.get(text[0], PhraseKind.NOUN)
    return Phrase(text if kind is PhraseKind.NOUN else text[1:].strip(), kind)


def _symptom(name: str, notation: str) -> Symptom:
    lay, clinical, chinese, *_ = [part.strip() for part in notation.split("//")] + ["", ""]
    if not lay or not clinical:
        raise ValueError(f"{name}: needs lay and clinical phrases")
    return Symptom(name, tuple(map(_phrase, _split(lay, ";"))), _split(clinical, ";"), _split(chinese, ";"))


@cache
def symptoms() -> Mapping[str, Symptom]:
    """The shared lexicon: symptom name to its phrases."""
    found: dict[str, Symptom] = {}
    for path in sorted((_HERE / "lexicon").glob("*.toml")):
        for name, notation in _read(path).items():
            if name in found:
                raise ValueError(f"{name}: defined twice in the lexicon")
            found[name] = _symptom(name, notation)
    return found


@cache
def pools() -> Mapping[str, tuple[str, ...]]:
    """Sentences that belong to no condition: greetings, requests, fillers, home remedies, fears."""
    return {name: tuple(lines) for name, lines in _read(_HERE / "pools.toml")["pool"].items()}


@cache
def denial_words() -> Mapping[str, frozenset[str]]:
    """What may be denied, and the words that make the denial contradict a story."""
    return {name: frozenset(words.split()) for name, words in _read(_HERE / "pools.toml")["denial"].items()}


def _acuities(name: str, notation: str) -> dict[int, Acuity]:
    found: dict[int, Acuity] = {}
    for part in _split(notation, "|"):
        head, profile, *cues = part.split()
        level, weight = head.split(":")
        profile, _, pain = profile.partition("+p")
        unknown = [cue for cue in cues if cue not in symptoms()]
        if unknown or int(level) in found:
            raise ValueError(f"{name}: unknown cues {unknown} or level {level} twice")
        found[int(level)] = Acuity(
            int(level),
            float(weight),
            profile,
            int(pain) if pain else None,
            tuple(symptoms()[cue] for cue in cues),
        )
    return found


def _accompanying(notation: str) -> tuple[tuple[Symptom, float], ...]:
    pairs = (item.partition(":") for item in notation.split())
    return tuple((symptoms()[name], float(tenths or 5) / 10) for name, _, tenths in pairs)


def _vocabulary(parts: list[Symptom], findings: tuple[str, ...]) -> frozenset[str]:
    texts = [phrase.text for part in parts for phrase in part.lay]
    texts += [text for part in parts for text in part.clinical] + list(findings)
    return frozenset(word for text in texts for word in _WORD.findall(text.lower()))


def _condition(system: str, name: str, table: Mapping[str, Any]) -> Condition:
    *sex, ages = str(table["who"]).split()
    low, high = ages.split("-")
    lead = _symptom(name, table["say"])
    accompanying = _accompanying(table.get("with", ""))
    acuities = _acuities(name, table["lv"])
    findings = _split(table.get("ex", ""), ";")
    parts = [lead, *(symptom for symptom, _ in accompanying)]
    parts += [cue for acuity in acuities.values() for cue in acuity.cues]
    words = _vocabulary(parts, findings)
    diagnosis = table.get("dx", "normal")
    if diagnosis not in DIAGNOSES:
        raise ValueError(f"{name}: unknown diagnosis {diagnosis}")
    return Condition(
        name=name,
        system=system,
        diagnosis=diagnosis,
        age_range_years=(int(low), int(high)),
        sex=_SEXES[sex[0]] if sex else "any",
        pregnant=table.get("preg", False),
        onsets=tuple(table["on"].split()),
        lead=lead,
        accompanying=accompanying,
        history=tuple(symptoms()[item] for item in table.get("hx", "").split()),
        findings=findings,
        denials=tuple(name for name, clash in denial_words().items() if not clash & words),
        acuities=acuities,
        administrative=table.get("admin", False),
        bundled=table.get("bundled", False),
        frequency=float(table.get("freq", 1)),
        vocabulary=words,
    )


@cache
def conditions() -> Mapping[str, Condition]:
    """Every condition of the corpus by name. Raises ValueError or KeyError for a malformed table."""
    found: dict[str, Condition] = {}
    for path in sorted((_HERE / "conditions").glob("*.toml")):
        for name, table in _read(path).items():
            if name in found:
                raise ValueError(f"{name}: defined twice")
            found[name] = _condition(path.stem, name, table)
    return found
