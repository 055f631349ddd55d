"""Written messages of two hospitals: the second has its nurses' shorthand, and other words for one class.

Held-out messages share no lead phrase with those that stream. Nothing here is anybody's text.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import islice

from ops.cli.demo import patient_message
from trainer.corpus import CorpusMessage, generate
from trainer.data.corpus import to_row
from trainer.data.rows import Row

__all__ = ["FIRST", "SECOND", "Ward", "WardMessage", "held_out", "stream"]

_ENDLESS = 1_000_000
_HELD_OUT_OF_TEN = 3
_MESSAGES_A_PATIENT = 2
_MMHG_A_KILOPASCAL = 7.5
_PRESSURE = re.compile(r"\b(\d{2,3})(?: over |/)(\d{2,3})\b(?: ?mmhg)?", re.IGNORECASE)
_SPACES = re.compile(r"\s+")
_LEFT_OUT = re.compile(
    r"\b(?:i|i'm|i've|my|me|am|is|are|was|were|be|been|have|has|had|the|a|an|and|of|to|it|its|that|this|there|also|"
    r"really|very|quite|so|feel|feeling|with|for|in|on|at|as|by|from|or|but)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Ward:
    """`says`: how it writes. `words`: what stands in place of what (regular expressions).

    `shorthand`: small words are left out; `kilopascal`: blood pressures in the text are given in it.
    """

    name: str
    says: str
    words: Mapping[str, str]
    shorthand: bool = False
    kilopascal: bool = False

    def rewritten(self, text: str) -> str:
        """Return `text` as it is written here."""
        if self.kilopascal:
            text = _PRESSURE.sub(_in_kilopascal, text)
        for pattern, own in self.words.items():
            text = re.sub(pattern, own, text, flags=re.IGNORECASE)
        return _SPACES.sub(" ", _LEFT_OUT.sub(" ", text)).strip().lower() if self.shorthand else text


FIRST = Ward("first", "as the corpus writes", {})
SECOND = Ward(
    "second",
    'in shorthand; hypertension is "hta", blood pressure "tension", in kilopascal',
    {
        r"\b(blood pressure|bp|pressure)\b": "tension",
        r"\b(htn|hypertens\w*)\b": "hta",
        r"\b(amlodipine|lisinopril|antihypertensives?)\b": "anti-hta",
        r"\b(readings?|cuff|the (top|bottom) number|monitor)\b": "ta",
    },
    shorthand=True,
    kilopascal=True,
)


def _in_kilopascal(match: re.Match[str]) -> str:
    systolic, diastolic = (round(int(value) / _MMHG_A_KILOPASCAL) for value in match.groups())
    return f"{systolic}-{diastolic} kpa"


@dataclass(frozen=True, slots=True)
class WardMessage:
    """`payload`: as it is sent. `row`: the same with its true labels."""

    message_id: str
    payload: bytes
    row: Row


def stream(ward: Ward, *, seed: int) -> Iterator[WardMessage]:
    """Yield a ward's messages without end, the same for the same seed."""
    for number, message in enumerate(_written(ward, seed, held_out=False)):
        message_id = f"{ward.name}-{seed}-{number:05}"
        patient = f"MRN-{ward.name}-{seed}-{number // _MESSAGES_A_PATIENT}"
        payload = json.dumps(patient_message(message, message_id, patient=patient)).encode()
        yield WardMessage(message_id, payload, to_row(message))


def held_out(ward: Ward, count: int, *, seed: int) -> list[Row]:
    """Return `count` messages that no stream holds, grouped by lead phrase."""
    return [to_row(message) for message in islice(_written(ward, seed, held_out=True), count)]


def _written(ward: Ward, seed: int, *, held_out: bool) -> Iterator[CorpusMessage]:
    for message in generate(_ENDLESS, seed=seed, language="en"):
        if _is_held_out(message.family) is held_out:
            yield replace(message, text=ward.rewritten(message.text))


def _is_held_out(family: str) -> bool:
    return int(sha256(family.encode()).hexdigest(), 16) % 10 < _HELD_OUT_OF_TEN
