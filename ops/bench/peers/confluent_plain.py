"""confluent-kafka alone: consume a batch, produce both outputs of each, flush, commit what the batch covered."""

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from ops.bench.codec import decode, key_of
from ops.bench.job import FETCH_RECORDS, PRODUCER, Job

_POLL_S = 0.1


def run(job: Job) -> None:
    """Consume until killed."""
    consumer = Consumer(
        {
            "bootstrap.servers": job.bootstrap,
            "group.id": job.group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    producer = Producer({"bootstrap.servers": job.bootstrap, **PRODUCER})
    consumer.subscribe([job.source])
    while True:
        batch = consumer.consume(FETCH_RECORDS, _POLL_S)
        offsets: dict[int, int] = {}
        for record in batch:
            if record.error() is not None:
                raise KafkaException(record.error())
            value = record.value()
            key = key_of(decode(value))
            producer.produce(job.first, value, key, on_delivery=_check)
            producer.produce(job.second, value, key, on_delivery=_check)
            offsets[record.partition()] = record.offset() + 1
        if batch:
            producer.flush()
            positions = [TopicPartition(job.source, *position) for position in offsets.items()]
            consumer.commit(offsets=positions, asynchronous=True)


def _check(error: KafkaError | None, _record: Message) -> None:
    if error is not None:
        raise KafkaException(error)


if __name__ == "__main__":
    given = Job.from_arguments()
    given.wait_for_start()
    run(given)
