"""Patient messages for benchmarks of the whole pipeline: raw for the edge, admitted for the lanes.

Texts come from the shipped corpus. Each is admitted once by the product's own admission, which also says which lane
it belongs to; copies differ in their message and patient, so that nothing is recognised as a duplicate.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count, cycle
from typing import Self

from ops.cli.demo import patient_message
from ops.cli.scoring import scoring_settings
from schemas import AdmittedMessage, Lane, Origin, PatientMessage, event_id
from streams.topics import MESSAGES
from streams.wiring import admission
from trainer.corpus import generate

__all__ = ["SOURCE", "Load"]

SOURCE = "bench"
_SEED = 20261124
_TEXTS = 1_500
_LANGUAGE = "en"


@dataclass(slots=True)
class Load:
    """Endless messages of one run. Numbers never repeat, whatever kind is drawn."""

    standard_texts: Iterator[tuple[dict[str, object], AdmittedMessage]]
    red_flag_texts: Iterator[tuple[dict[str, object], AdmittedMessage]]
    _numbers: Iterator[int]

    @classmethod
    def generate(cls) -> Self:
        """Admit the corpus and sort it by lane; a red flag in the text makes a red-flag message."""
        admit = admission(scoring_settings("none")).admit
        standard, red_flag = [], []
        now = datetime.now(UTC)
        for number, message in enumerate(generate(_TEXTS, seed=_SEED, language=_LANGUAGE)):
            document = {**patient_message(message, "x", patient="x"), "source": SOURCE}
            parsed = PatientMessage.model_validate_json(json.dumps(document))
            origin = Origin(topic=MESSAGES.name, partition=0, offset=number)
            admitted = admit(parsed, origin=origin, received_at=now, now=now)
            if admitted.language not in (None, _LANGUAGE):
                continue  # taken for another one, so that no model would be asked
            if admitted.lane is Lane.STANDARD:
                standard.append((document, admitted))
            elif admitted.red_flags:
                red_flag.append((document, admitted))
        return cls(cycle(standard), cycle(red_flag), count())

    def raw_standard(self) -> tuple[str, bytes]:
        """Return a message id, and the message for triage.messages.v1."""
        return self._raw(next(self.standard_texts)[0])

    def raw_red_flag(self) -> tuple[str, bytes]:
        """The same, of a message that admission will put on the express lane."""
        return self._raw(next(self.red_flag_texts)[0])

    def admitted_standard(self) -> tuple[str, AdmittedMessage]:
        """Return a message id, and the message for triage.standard.v1."""
        return self._admitted(next(self.standard_texts)[1])

    def admitted_red_flag(self) -> tuple[str, AdmittedMessage]:
        """The same with a red flag in it, to wait on the standard lane like any other."""
        return self._admitted(next(self.red_flag_texts)[1])

    def _raw(self, document: dict[str, object]) -> tuple[str, bytes]:
        message_id, patient_id = self._identity()
        renewed = {**document, "message_id": message_id, "patient_id": patient_id}
        return message_id, json.dumps(renewed).encode()

    def _admitted(self, message: AdmittedMessage) -> tuple[str, AdmittedMessage]:
        message_id, patient_id = self._identity()
        return message_id, message.model_copy(
            update={
                "message_id": message_id,
                "patient_id": sha256(patient_id.encode()).hexdigest(),
                "event_id": event_id(AdmittedMessage.contract, SOURCE, message_id),
                "lane": Lane.STANDARD,
            }
        )

    def _identity(self) -> tuple[str, str]:
        number = next(self._numbers)
        return f"bench-{number:08d}", f"MRN-{number:08d}"
