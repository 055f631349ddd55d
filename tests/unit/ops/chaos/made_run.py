"""Hand-made runs: every record of a history and of the topics is written by the test."""

import json
from typing import Any

from ops.chaos.checker import TopicLog, Verdict, judge
from ops.chaos.checker.events import DEADLETTERS, DIAGNOSES, RAW, REVIEWS, STANDARD, URGENCIES, parse
from ops.chaos.history import Accepted, Fault, History, Moment

__all__ = ["MadeRun"]

SOURCE = "chaos"


class MadeRun:
    """`send`, then `admit`, `decide` or `bury` what was sent. The clock goes on by a millisecond a record."""

    def __init__(self) -> None:
        self.now_ms = 1_000_000
        self.accepted: list[Accepted] = []
        self.faults: list[Fault] = []
        self.log = TopicLog()

    def send(
        self, message_id: str | None = "a", content: str = "c", *, poison: bool = False, partition: int = 0
    ) -> Accepted:
        """Write a raw record; its number is its offset."""
        number = len(self.accepted)
        record = Accepted(
            number, "poison" if poison else "plain", SOURCE, message_id, content, poison, partition, number
        )
        self.accepted.append(record)
        self.log.raw[_place(record)] = self._tick()
        return record

    def admit(self, record: Accepted, *, lane: str = STANDARD, key: str = "p", partition: int = 0) -> str:
        """Write the record to a lane; return its place there."""
        origin = {"topic": RAW, "partition": record.partition, "offset": record.offset}
        document = self._document("admitted", record, origin=origin, content=record.content)
        return self._append(lane, partition, key, document)

    def decide(
        self,
        record: Accepted,
        *,
        level: int = 3,
        label: str = "normal",
        key: str = "p",
        topics: tuple[str, ...] = (DIAGNOSES, URGENCIES),
        partition: int = 0,
        worker: str = "w1",
        version: str = "1",
        waits: bool = False,
    ) -> None:
        """Write decisions about the record's message; they wait for a clinician where they `wait`."""
        model = {"name": "model", "version": version}
        for topic in topics:
            says: dict[str, Any] = (
                {"label": label, "abstained": waits}
                if topic == DIAGNOSES
                else {"level": level, "provisional": waits}
            )
            document = self._document(
                topic, record, **says, model=model, produced_by=worker, occurred_at=self.now_ms
            )
            self._append(topic, partition, key, document)

    def review(
        self,
        record: Accepted,
        reason: str = "low_confidence",
        *,
        version: str | None = "1",
        blind: bool = False,
    ) -> None:
        """Write a request for review, by default of a decision; without `version` nothing is decided yet."""
        says = None if version is None else {"model": {"name": "model", "version": version}}
        document = self._document(
            f"review-{blind}", record, reasons=[reason], diagnosis=says, urgency=says, blind=blind
        )
        self._append(REVIEWS, 0, "p", document)

    def bury(self, record: Accepted, *, at: str | None = None, reason: str = "not_json") -> None:
        """Write a dead letter of the record, or of its lane record `at`."""
        topic, partition, offset = (at or _place(record)).rsplit("-", 2)
        origin = {"topic": topic, "partition": int(partition), "offset": int(offset)}
        document = {
            "event_id": f"dead-{at or _place(record)}",
            "origin": origin,
            "reason": reason,
            "path": "",
        }
        self._append(DEADLETTERS, 0, "p", document)

    def finish(self, record: Accepted, **changes: Any) -> None:
        """Admit and decide."""
        self.admit(record)
        self.decide(record, **changes)

    def fault(
        self, kind: str, *, target: str = "w", lasts_ms: int = 0, recovers_from: Moment = "began"
    ) -> None:
        """Inject a fault now."""
        began = self._tick()
        self.now_ms += lasts_ms
        self.faults.append(Fault(kind, target, began, self.now_ms, self.now_ms, recovers_from))

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now_ms += round(seconds * 1000)

    def judge(self) -> Verdict:
        """Return the checker's verdict."""
        return judge(History(tuple(self.accepted), tuple(self.faults)), self.log)

    def _tick(self) -> int:
        self.now_ms += 1
        return self.now_ms

    def _append(self, topic: str, partition: int, key: str, document: dict[str, Any]) -> str:
        offset = sum(event.partition == partition for event in self.log.events[topic])
        value = json.dumps(document).encode()
        event = parse(topic, partition, offset, self._tick(), key.encode(), value)
        self.log.events[topic].append(event)
        return event.place

    def _document(self, contract: str, record: Accepted, **fields: Any) -> dict[str, Any]:
        message_id = record.message_id
        return {
            "event_id": f"{contract}-{message_id}",
            "source": record.source,
            "message_id": message_id,
            **fields,
        }


def _place(record: Accepted) -> str:
    return f"{RAW}-{record.partition}-{record.offset}"
