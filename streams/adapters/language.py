"""Names the language of a text: by its script, and for Latin script by py3langid where the text is long enough.

Clinicians write in telegrams ("abd pain, Lt flank"), and calling English foreign costs a patient the model's
diagnosis. So short Latin text stays unnamed: None, never a guess. A script that several languages share is named
after the most spoken one, which is enough to know that it is not English.

py3langid: Barbaresi 2021, after langid.py, Lui and Baldwin 2012 (ACL demo).
"""

import re
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ScriptLanguageIdentifier"]

MIN_WORDS = 4
MIN_WORDS_WITH_DIACRITICS = 2
MIN_DIACRITICS = 2
MIN_PROBABILITY = 0.99
"""Measured on 985 consumer questions, 1,267 triage complaints and 1,200 descriptions in English: one is called foreign,
and it is half in Spanish. Without the word limit 72 of the complaints would be."""

CLASSIFIED_CHARACTERS = 1_000
IDEOGRAPH_WEIGHT = 3
"""An ideograph says about as much as three letters."""

_LATIN_LANGUAGES = (
    *(
        "en",
        "es",
        "fr",
        "de",
        "it",
        "pt",
        "vi",
        "nl",
        "pl",
        "tr",
        "ro",
        "sv",
        "da",
        "no",
        "fi",
        "hu",
        "cs",
        "sk",
    ),
    *("sl", "hr", "sq", "et", "lt", "lv", "ca", "id", "ms", "tl", "sw", "ht"),
)
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_KANA = re.compile(r"[\u3040-\u30ff\uff66-\uff9f]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
_LATIN_WORD = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]+")
_DIACRITIC = re.compile(r"[\u00c0-\u024f\u1e00-\u1eff]")
_SCRIPTS = {
    "ko": re.compile(r"[\uac00-\ud7af\u1100-\u11ff\u3130-\u318f]"),
    "ar": re.compile(r"[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff]"),
    "he": re.compile(r"[\u0590-\u05ff]"),
    "ru": re.compile(r"[\u0400-\u052f]"),
    "el": re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]"),
    "hi": re.compile(r"[\u0900-\u097f]"),
    "bn": re.compile(r"[\u0980-\u09ff]"),
    "pa": re.compile(r"[\u0a00-\u0a7f]"),
    "gu": re.compile(r"[\u0a80-\u0aff]"),
    "ta": re.compile(r"[\u0b80-\u0bff]"),
    "te": re.compile(r"[\u0c00-\u0c7f]"),
    "kn": re.compile(r"[\u0c80-\u0cff]"),
    "ml": re.compile(r"[\u0d00-\u0d7f]"),
    "si": re.compile(r"[\u0d80-\u0dff]"),
    "th": re.compile(r"[\u0e00-\u0e7f]"),
    "lo": re.compile(r"[\u0e80-\u0eff]"),
    "my": re.compile(r"[\u1000-\u109f]"),
    "ka": re.compile(r"[\u10a0-\u10ff]"),
    "am": re.compile(r"[\u1200-\u137f]"),
    "km": re.compile(r"[\u1780-\u17ff]"),
    "hy": re.compile(r"[\u0530-\u058f]"),
}
_TELLTALE = {
    "ar": {
        "ur": re.compile(r"[\u0679\u0688\u0691\u06ba\u06d2]"),
        "fa": re.compile(r"[\u067e\u0686\u0698\u06af]"),
    },
    "ru": {"uk": re.compile(r"[\u0404\u0406\u0407\u0454\u0456\u0457\u0490\u0491]")},
}
"""Letters that tell a language from the most spoken one of its script."""


class ScriptLanguageIdentifier:
    """Implements `ports.LanguageIdentifier`. The statistical model (0.3 s) is loaded with the first Latin text."""

    def identify(self, text: str) -> str | None:
        """Return a BCP 47 primary tag, or None where the text is too short or too mixed to tell."""
        sample = text[:CLASSIFIED_CHARACTERS]
        weights = _script_weights(sample)
        language = max(weights, key=lambda tag: weights[tag])
        if weights[language] == 0:
            return None
        if language == "latin":
            return self._latin_language(sample)
        for other, letters in _TELLTALE.get(language, {}).items():
            if letters.search(sample):
                return other
        return language

    def _latin_language(self, text: str) -> str | None:
        words = len(_LATIN_WORD.findall(text))
        telling = words >= MIN_WORDS or (
            words >= MIN_WORDS_WITH_DIACRITICS and len(_DIACRITIC.findall(text)) >= MIN_DIACRITICS
        )
        if not telling:
            return None
        language, probability = self._classifier.classify(text)
        return str(language) if probability >= MIN_PROBABILITY else None

    @cached_property
    def _classifier(self) -> Any:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        class OfFewFeatures(LanguageIdentifier):  # type: ignore[misc] # py3langid ships no types
            """Multiplies what the text has, a few hundred of 7,480 features.

            The base multiplies all, which numpy spreads over every core: under load that costs more than the rest
            of admission together.
            """

            def nb_classprobs(self, fv: NDArray[np.uint16]) -> NDArray[np.float32]:
                present = np.flatnonzero(fv)
                evidence = fv[present].astype(np.float32) @ self.nb_ptc[present] + self.nb_pc
                return np.asarray(evidence, dtype=np.float32)

        classifier = OfFewFeatures.from_pickled_model(MODEL_FILE, norm_probs=True)
        classifier.set_languages(_LATIN_LANGUAGES)
        return classifier


def _script_weights(text: str) -> dict[str, int]:
    han, kana = len(_HAN.findall(text)), len(_KANA.findall(text))
    weights = {"latin": len(_LATIN.findall(text))}
    weights["ja" if kana else "zh"] = IDEOGRAPH_WEIGHT * (han + kana)
    if not text.isascii():
        weights |= {tag: len(letters.findall(text)) for tag, letters in _SCRIPTS.items()}
    return weights
