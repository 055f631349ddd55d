"""Which version decided a message, trained on what, with which figures."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from confluent_kafka import Message
from pydantic import ValidationError

from ops.release.repository import ModelVersions
from schemas import DiagnosisAssessed, UrgencyAssessed
from streams.adapters.kafka_reader import KafkaReader
from streams.adapters.model_bundle import content_sha256
from streams.adapters.model_log import RecordedStep
from streams.errors import VersionUnusable
from streams.topics import DIAGNOSES, URGENCIES

__all__ = ["Decided", "VersionFacts", "decisions_about", "facts_of"]

Contracts = type[DiagnosisAssessed] | type[UrgencyAssessed]
_CONTRACTS: dict[str, Contracts] = {DIAGNOSES.name: DiagnosisAssessed, URGENCIES.name: UrgencyAssessed}


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision, at the time at which the broker took it. `version` None: no model was asked."""

    source: str
    message_id: str
    kind: str
    outcome: str
    version: str | None
    appended_at: datetime


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """What is known of a version. `card` is empty where its files are gone; `unchanged` None where nothing says."""

    version: str
    content_sha256: str | None
    unchanged: bool | None
    steps: tuple[RecordedStep, ...]
    card: dict[str, Any] = field(default_factory=dict)


def decisions_about(reader: KafkaReader, message_id: str, source: str | None) -> list[Decided]:
    """Return the decisions about a message, each once, in order of time. Reads both topics. Raises Unavailable."""
    found: dict[str, Decided] = {}
    needle = json.dumps(message_id)[1:-1].encode()  # as it stands in JSON: an id may hold quotes
    for record in _records(reader):
        value = record.value() or b""
        if needle not in value:
            continue
        try:
            event = _CONTRACTS[str(record.topic())].model_validate_json(value)
        except ValidationError:
            continue  # another's event that quotes the id in a field that we don't know
        if event.message_id == message_id and source in (None, event.source):
            found.setdefault(str(event.event_id), _decided(event, record))
    return sorted(found.values(), key=lambda each: each.appended_at)


def facts_of(version: str, steps: list[RecordedStep], versions: ModelVersions) -> VersionFacts:
    """Return what the topic and the version's folder, also a retired one's, say of it."""
    own = tuple(recorded for recorded in steps if recorded.step.version == version)
    recorded_sha = next((recorded.step.content_sha256 for recorded in own), None)
    folder = versions.find(version)
    gone = VersionFacts(version, recorded_sha, None, own)
    if folder is None:
        return gone
    try:
        sha = content_sha256(folder)
    except VersionUnusable:
        return gone
    unchanged = None if recorded_sha is None else recorded_sha == sha
    return VersionFacts(version, sha, unchanged, own, _card(folder))


def _card(folder: Path) -> dict[str, Any]:
    path = folder / "model_card.json"
    if not path.exists():
        return {}
    card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {name: card.get(name) for name in ("encoder", "recipe", "rows", "data", "results", "notes")}


def _records(reader: KafkaReader) -> Iterator[Message]:
    for topic in _CONTRACTS:
        for partition in reader.partitions(topic):
            yield from reader.read_partition(topic, partition)


def _decided(event: DiagnosisAssessed | UrgencyAssessed, record: Message) -> Decided:
    _, appended_ms = record.timestamp()
    if isinstance(event, UrgencyAssessed):
        kind, outcome = "urgency", f"level {event.level}, decided by {event.decided_by.value}"
    else:
        kind, outcome = "diagnosis", event.label or "withheld"
    version = event.model.version if event.model else None
    moment = datetime.fromtimestamp(appended_ms / 1000, UTC)
    return Decided(event.source, event.message_id, kind, outcome, version, moment)
