"""Reads the red-flag lists from the package's data. `wiring` calls it once."""

import re
import tomllib
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from streams.domain.red_flags import RedFlagRule, RedFlagRules, RedFlagScreen
from streams.errors import ConfigurationError

__all__ = ["clinical_words", "load_red_flag_rules", "load_red_flag_screen"]

_FOLDER = "red_flag_rules"
_WORD = re.compile(r"[a-z]{3,}|[\u3400-\u9fff]{2,}")


def load_red_flag_screen() -> RedFlagScreen:
    """Compile the lists. Raises ConfigurationError where a list is malformed."""
    try:
        return RedFlagScreen(load_red_flag_rules())
    except ValueError as error:
        raise ConfigurationError(f"red-flag lists: {error}") from error


def load_red_flag_rules() -> RedFlagRules:
    """Read every list, in order of file name. Raises ConfigurationError where one is malformed."""
    folder = files("streams.domain").joinpath(_FOLDER)
    documents = [
        _read(file) for file in sorted(folder.iterdir(), key=lambda f: f.name) if file.name.endswith(".toml")
    ]
    rules = tuple(_rule(entry) for document in documents for entry in document.get("rule", ()))
    ids = [rule.rule_id for rule in rules]
    if len(set(ids)) != len(ids):
        raise ConfigurationError("red-flag lists: a rule id stands twice")
    return RedFlagRules(
        rules=rules,
        concepts=_word_lists(documents, "concepts"),
        vocabulary=_word_lists(documents, "vocabulary"),
        corrected_words=_words(documents, "correct"),
        kept_words=_words(documents, "keep"),
    )


def clinical_words(rules: RedFlagRules) -> frozenset[str]:
    """Return every word that the lists know, in lower case: a de-identifier must not take them for names."""
    phrases = [phrase for rule in rules.rules for phrase in rule.phrases]
    phrases += [
        phrase for group in (rules.concepts, rules.vocabulary) for words in group.values() for phrase in words
    ]
    return frozenset(word for phrase in phrases for word in _WORD.findall(phrase)) | set(
        rules.corrected_words
    )


def _read(file: Traversable) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"red-flag lists: {file.name}: {error}") from error


def _rule(entry: dict[str, Any]) -> RedFlagRule:
    try:
        return RedFlagRule(
            rule_id=entry["id"],
            level_floor=entry["level_floor"],
            guideline=entry["guideline"],
            phrases=tuple(entry["phrases"]),
            with_any=tuple(entry.get("with_any", ())),
            denial_only=entry.get("denial_only", False),
        )
    except KeyError as error:
        raise ConfigurationError(f"red-flag lists: a rule has no {error}") from error


def _word_lists(documents: list[dict[str, Any]], table: str) -> dict[str, tuple[str, ...]]:
    return {name: tuple(words) for document in documents for name, words in document.get(table, {}).items()}


def _words(documents: list[dict[str, Any]], key: str) -> tuple[str, ...]:
    return tuple(word for document in documents for word in document.get("spelling", {}).get(key, ()))
