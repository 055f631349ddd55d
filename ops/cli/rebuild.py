"""The feedback buffer, made anew from the topics: `triage feedback rebuild`.

The worker's own code keeps each word (`streams.learning`), in the order of the broker's time over all partitions. The
worker pauses from the emptying to the end. If a rebuild dies it stays paused, and the next rebuild begins anew.
Erasures are read before all words, so nothing of an erased patient comes back, not even for a moment.

Does not bring back the message of a word that is older than what the lanes keep.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import merge
from itertools import islice
from uuid import uuid4

from confluent_kafka import Message

from ops.quiet_kafka import quiet
from schemas import ClinicianFeedback
from streams.adapters.kafka_reader import KafkaReader
from streams.adapters.lane_index import LaneIndex
from streams.domain.decoding import decode_erasure, decode_feedback
from streams.domain.feedback import Place
from streams.envelope import declared_type
from streams.errors import Rejected
from streams.kafka_security import librdkafka_config
from streams.learning import Learning, check_time
from streams.settings import BufferSettings
from streams.topics import FEEDBACK
from streams.wiring import feedback_buffer, labels

__all__ = ["Rebuilt", "rebuild_buffer"]

_CHUNK = 100


@dataclass(slots=True)
class Rebuilt:
    """What became of the words; `refused` by reason: their dead letters were written when they came."""

    erasures: int = 0
    read: int = 0
    kept: int = 0
    refused: Counter[str] = field(default_factory=Counter)


async def rebuild_buffer(settings: BufferSettings) -> Rebuilt:
    """Empty the buffer and fill it. Raises Unavailable; the worker then waits for another rebuild."""
    buffer = feedback_buffer(settings, token=uuid4().hex)
    messages = LaneIndex(settings.redis_url.get_secret_value(), quiet(librdkafka_config(settings)))
    learning = Learning(messages, buffer, frozenset(labels(settings)))
    done = Rebuilt()
    try:
        await buffer.begin_rebuild()
        for patient_id in _erased(settings):
            await buffer.erase(patient_id)
            done.erasures += 1
        for chunk in _chunks(_decoded(settings, done)):
            found = await learning.find(feedback for feedback, _ in chunk)
            for (feedback, place), message in zip(chunk, found, strict=True):
                try:
                    await learning.keep(feedback, message, place)
                except Rejected as cause:
                    done.refused[cause.code] += 1
                else:
                    done.kept += 1
        await buffer.end_rebuild()
    finally:
        await buffer.close()
        await messages.close()
    return done


def _chunks(
    words: Iterator[tuple[ClinicianFeedback, Place]],
) -> Iterator[list[tuple[ClinicianFeedback, Place]]]:
    while chunk := list(islice(words, _CHUNK)):
        yield chunk


def _erased(settings: BufferSettings) -> Iterator[str]:
    for record in _in_order(settings):
        try:
            patient_id = _erasure(record)
        except Rejected:
            continue  # counted with the words
        if patient_id is not None:
            yield patient_id


def _erasure(record: Message) -> str | None:
    return decode_erasure(record.key(), record.value(), declared_type(record.headers() or []))


def _decoded(settings: BufferSettings, done: Rebuilt) -> Iterator[tuple[ClinicianFeedback, Place]]:
    for record in _in_order(settings):
        _, appended_ms = record.timestamp()
        try:
            if _erasure(record) is not None:
                continue
            feedback = decode_feedback(record.value(), declared_type(record.headers() or []))
            check_time(feedback, appended_ms)
        except Rejected as cause:
            done.read += 1
            done.refused[cause.code] += 1
        else:
            done.read += 1
            yield feedback, Place(record.partition() or 0, record.offset() or 0, appended_ms)


def _in_order(settings: BufferSettings) -> Iterator[Message]:
    """All words by the broker's time; one reader a partition, so that none has to be read whole before another."""
    config = quiet(librdkafka_config(settings))
    first = KafkaReader(config)
    partitions = first.partitions(FEEDBACK.name)
    first.close()
    readers = [KafkaReader(config) for _ in partitions]
    try:
        yield from merge(
            *(
                reader.read_partition(FEEDBACK.name, partition)
                for reader, partition in zip(readers, partitions, strict=True)
            ),
            key=lambda record: (record.timestamp()[1], record.partition() or 0, record.offset() or 0),
        )
    finally:
        for reader in readers:
            reader.close()
