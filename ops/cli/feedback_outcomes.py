"""What became of words of feedback: kept, or dead letters by reason.

The worker's committed offset says that it is done with a word; its dead letters were written before that. What this
reads disturbs no one: it asks for the worker group's offsets without being a member.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaException, TopicPartition
from pydantic import ValidationError

from schemas import DeadLetter
from streams.adapters.kafka_reader import KafkaReader
from streams.errors import Unavailable
from streams.topics import DEADLETTERS, FEEDBACK

__all__ = ["FeedbackPlace", "FeedbackWatcher", "Outcomes"]

_WORKER_GROUP = "triage-learn"
_TIMEOUT_S = 10.0
_POLL_S = 0.3

FeedbackPlace = tuple[int, int]
"""Partition and offset of a word."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Of `sent` words; `waiting` have no outcome yet."""

    sent: int
    dead_letters: Counter[str]
    waiting: int

    @property
    def kept(self) -> int:
        """Words in the buffer, those apart that are kept beside a dead letter (`label_unknown`)."""
        return self.sent - self.waiting - self.dead_letters.total()

    @property
    def all_kept(self) -> bool:
        """Nothing is left to look at."""
        return self.kept == self.sent

    def __str__(self) -> str:
        reasons = ", ".join(f"{name} {count}" for name, count in sorted(self.dead_letters.items()))
        letters = f"{self.dead_letters.total()} dead letters ({reasons})" if reasons else "0 dead letters"
        waiting = (
            f", {self.waiting} without an outcome: is the worker `learn` running?" if self.waiting else ""
        )
        return f"{self.sent} sent: {self.kept} kept, {letters}{waiting}"


class FeedbackWatcher:
    """Begin before words are sent: letters are looked for from then on. Raises Unavailable."""

    def __init__(self, config: Mapping[str, object]) -> None:
        self._reader = KafkaReader(config)
        self._positions = self._reader.ends([DEADLETTERS.name])
        self._reasons: dict[FeedbackPlace, str] = {}
        self._offsets = Consumer({**config, "group.id": _WORKER_GROUP, "enable.auto.commit": False})

    def wait(self, places: Sequence[FeedbackPlace], timeout_s: float) -> Outcomes:
        """Wait until each word has its outcome, or `timeout_s` is over. Raises Unavailable."""
        deadline_s = time.monotonic() + timeout_s
        while (waiting := self.waiting(places)) and time.monotonic() < deadline_s:
            time.sleep(_POLL_S)
        self._read_letters()
        letters = Counter(self._reasons[place] for place in places if place in self._reasons)
        return Outcomes(len(places), letters, len([place for place in waiting if place not in self._reasons]))

    def waiting(self, places: Sequence[FeedbackPlace]) -> list[FeedbackPlace]:
        """Return the places that the worker has not passed. Raises Unavailable."""
        partitions = [TopicPartition(FEEDBACK.name, number) for number in sorted({p for p, _ in places})]
        if not partitions:
            return []
        try:
            passed = {one.partition: one.offset for one in self._offsets.committed(partitions, _TIMEOUT_S)}
        except KafkaException as exc:
            raise Unavailable("brokers") from exc
        return [place for place in places if place[1] >= passed[place[0]]]  # below 0: none is committed

    def close(self) -> None:
        """Close the connections."""
        self._reader.close()
        self._offsets.close()

    def _read_letters(self) -> None:
        for batch in self._reader.read_on([DEADLETTERS.name], self._positions):
            for record in batch:
                try:
                    letter = DeadLetter.model_validate_json(record.value() or b"")
                except ValidationError:
                    continue  # a tombstone, or no letter: `triage deadletters list` counts those
                if letter.origin.topic == FEEDBACK.name:
                    self._reasons[letter.origin.partition, letter.origin.offset] = letter.reason.value
