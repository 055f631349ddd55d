"""Finds phrases that stand for an emergency, affirmed about this patient, in English and Chinese text.

A rule fires on one affirmed phrase and, where it names concepts, on at least one of these affirmed anywhere in the
text or known from the structured fields. It reports the first such phrase. Pure: `streams.adapters.red_flag_rules`
reads the lists.

Does not cover: other languages, negation across sentences, substituted letters beyond the listed spellings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from re import Match, Pattern

from schemas import RedFlag
from streams.domain.acuity import ADULT_FROM_YEARS
from streams.domain.negation import Status, phrase_status
from streams.domain.normalized_text import NormalizedText, Spelling, normalize
from streams.domain.phrases import PhraseIndex, compile_phrase

__all__ = ["RedFlagRule", "RedFlagRules", "RedFlagScreen"]

MAX_MATCHES_TRIED_PER_PATTERN = 50
"""More mentions than this of one phrase tell nothing new; the last one tried counts as affirmed."""

_BACKGROUND = frozenset({Status.AFFIRMED, Status.HISTORICAL, Status.HYPOTHETICAL})
_STRUCTURED_AGE_BELOW_YEARS = {"young_infant": 0.25, "infant": 1.0, "child": ADULT_FROM_YEARS}


@dataclass(frozen=True, slots=True)
class RedFlagRule:
    """`level_floor`: the least urgent level that the rule allows. `with_any`: names of concepts."""

    rule_id: str
    level_floor: int
    guideline: str
    phrases: tuple[str, ...]
    with_any: tuple[str, ...] = ()
    denial_only: bool = False


@dataclass(frozen=True, slots=True)
class RedFlagRules:
    """The lists: rules, concepts, vocabulary of the phrase notation, words whose spelling is put right."""

    rules: tuple[RedFlagRule, ...]
    concepts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    vocabulary: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    corrected_words: tuple[str, ...] = ()
    kept_words: tuple[str, ...] = ()


class RedFlagScreen:
    """The compiled lists."""

    def __init__(self, rules: RedFlagRules) -> None:
        """Compile the lists. Raises ValueError for a phrase that does not compile or an unknown concept."""
        self.rules = rules.rules
        unknown = {name for rule in rules.rules for name in rule.with_any} - set(rules.concepts)
        if unknown:
            raise ValueError(f"unknown concepts: {sorted(unknown)}")
        self._spelling = Spelling(rules.corrected_words, rules.kept_words)
        groups: dict[str, Sequence[str]] = {rule.rule_id: rule.phrases for rule in rules.rules}
        groups |= {_concept_group(name): phrases for name, phrases in rules.concepts.items()}
        self._index = PhraseIndex(
            {name: [compile_phrase(p, rules.vocabulary) for p in phrases] for name, phrases in groups.items()}
        )

    def screen(self, text: str, *, pregnant: bool | None, age_years: float | None) -> tuple[RedFlag, ...]:
        """Return the red flags of `text`, most urgent first; offsets are code points of `text`."""
        normal = normalize(text, self._spelling)
        candidates = self._index.candidates(normal.text)
        flags = []
        for rule in self.rules:
            patterns = candidates.get(rule.rule_id)
            if not patterns or (match := _first_affirmed(normal.text, patterns, rule)) is None:
                continue
            if rule.with_any and not any(
                _known_from_fields(name, pregnant, age_years)
                or _mentioned(normal, candidates.get(_concept_group(name), ()))
                for name in rule.with_any
            ):
                continue
            start, end = normal.original_span(match.start(), match.end())
            flags.append(
                RedFlag(
                    rule_id=rule.rule_id,
                    level_floor=rule.level_floor,
                    guideline=rule.guideline,
                    start=start,
                    end=end,
                )
            )
        return tuple(sorted(flags, key=lambda flag: (flag.level_floor, flag.start, flag.rule_id)))


def _concept_group(name: str) -> str:
    return f"concept:{name}"


def _first_affirmed(text: str, patterns: Sequence[Pattern[str]], rule: RedFlagRule) -> Match[str] | None:
    found = [match for pattern in patterns if (match := _affirmed(text, pattern, rule)) is not None]
    return min(found, key=lambda match: match.start(), default=None)


def _affirmed(text: str, pattern: Pattern[str], rule: RedFlagRule) -> Match[str] | None:
    for tried, match in enumerate(pattern.finditer(text), start=1):
        status = phrase_status(text, match.start(), match.end())
        if status is Status.AFFIRMED or tried == MAX_MATCHES_TRIED_PER_PATTERN:
            return match
        if rule.denial_only and status is not Status.NEGATED:
            return match
    return None


def _mentioned(normal: NormalizedText, patterns: Sequence[Pattern[str]]) -> bool:
    """Concepts are background: a past or conditional mention counts, a denied one or a relative's doesn't."""
    return any(
        phrase_status(normal.text, match.start(), match.end()) in _BACKGROUND
        for pattern in patterns
        for _, match in zip(range(MAX_MATCHES_TRIED_PER_PATTERN), pattern.finditer(normal.text), strict=False)
    )


def _known_from_fields(concept: str, pregnant: bool | None, age_years: float | None) -> bool:
    if concept == "pregnancy":
        return pregnant is True
    below_years = _STRUCTURED_AGE_BELOW_YEARS.get(concept)
    return below_years is not None and age_years is not None and age_years < below_years
