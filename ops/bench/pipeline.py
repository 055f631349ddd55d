"""A whole stack of its own for a benchmark, and what its topics say of the messages sent into it."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from ops.bench.broker import Appended, Broker
from ops.bench.load import SOURCE
from ops.cli.stack import stack_config
from ops.local.blocking import running
from ops.local.stack import Stack
from schemas import AdmittedMessage, event_id
from streams.topics import MESSAGES, STANDARD, URGENCIES

__all__ = ["EventLog", "Pipeline", "running_pipeline"]

_CE_ID = "ce_id"


@dataclass(slots=True)
class Pipeline:
    """A running stack. `sent_at_ms`: when the broker appended each raw message of `send`."""

    stack: Stack
    broker: Broker
    producer: Producer
    sent_at_ms: dict[str, int]

    def send(self, message_id: str, payload: bytes) -> None:
        """Queue one message for triage.messages.v1, whatever lane it will take."""

        def note(error: KafkaError | None, record: Message) -> None:
            if error is not None:
                raise KafkaException(error)
            self.sent_at_ms[message_id] = record.timestamp()[1]

        self.producer.produce(MESSAGES.name, payload, on_delivery=note)
        self.producer.poll(0)

    def lane(self, messages: Sequence[tuple[str, AdmittedMessage]]) -> None:
        """Append admitted messages to the standard lane, as admission would, and wait for their delivery."""

        for message_id, message in messages:

            def note(error: KafkaError | None, record: Message, message_id: str = message_id) -> None:
                if error is not None:
                    raise KafkaException(error)
                self.sent_at_ms[message_id] = record.timestamp()[1]

            self.producer.produce(
                STANDARD.name,
                message.model_dump_json().encode(),
                message.patient_id.encode(),
                on_delivery=note,
            )
            self.producer.poll(0)
        self.producer.flush()

    def decided(self) -> int:
        """Urgency events so far."""
        return sum(self.broker.ends(URGENCIES.name))


class EventLog:
    """When the broker appended each event of a topic since this log was opened.

    `appended_at_ms`: of the first copy, by the broker's clock; the key is the CloudEvents id.
    """

    def __init__(self, broker: Broker, topic: str, contract: str) -> None:
        self._broker = broker
        self._topic = topic
        self._contract = contract
        self._ends = broker.ends(topic)
        self.appended_at_ms: dict[bytes, int] = {}

    def refresh(self) -> None:
        """Read what was appended since the last time."""
        since, self._ends = self._ends, self._broker.ends(self._topic)
        for record in self._broker.read(self._topic, since, self._ends):
            self.appended_at_ms.setdefault(_event_id(record), record.appended_at_ms)

    def identity(self, message_id: str) -> bytes:
        """Return the id of the event that this message of ours causes on the topic."""
        return str(event_id(self._contract, SOURCE, message_id)).encode()

    def has(self, message_ids: Iterable[str]) -> bool:
        """Whether all of these messages have their event."""
        return all(self.identity(message_id) in self.appended_at_ms for message_id in message_ids)

    def times_ms(self, message_ids: Iterable[str]) -> list[int]:
        """Return when their events were appended. Raises KeyError where one is missing."""
        return [self.appended_at_ms[self.identity(message_id)] for message_id in message_ids]


def _event_id(record: Appended) -> bytes:
    values = [value for name, value in record.headers if name == _CE_ID and value is not None]
    return values[-1]


@contextmanager
def running_pipeline(workers: Sequence[str] = ("admit", "assess")) -> Iterator[Pipeline]:
    """Start Kafka, Redis, Triton and these workers in a temporary folder; nothing is left at the end."""
    with tempfile.TemporaryDirectory(prefix="triage-bench-") as folder:
        config = stack_config(Path(folder))
        chosen = tuple(part for part in config.workers if part.name in workers)
        with running(Stack(config.model_copy(update={"workers": chosen}))) as stack:
            broker = Broker(str(stack.endpoints.kafka))
            with broker.producer() as producer:
                yield Pipeline(stack, broker, producer, {})
