"""FastStream on aiokafka: a batch subscriber that publishes without waiting, then waits for all, then acknowledges."""

import asyncio

from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker, KafkaMessage

from ops.bench.codec import decode, key_of
from ops.bench.job import FETCH_RECORDS, Job
from schemas import PatientMessage

_POLL_MS = 100
_BATCH_BYTES = 256 * 1024

Decoded = list[tuple[PatientMessage, bytes]]


async def decode_batch(message: KafkaMessage) -> Decoded:
    """Our codec in the place of the framework's own decoder, which would parse the JSON once more."""
    return [(decode(record.value), record.value) for record in message.raw_message]


def create(job: Job) -> FastStream:
    """Build the application. Its default acknowledges before the work: here it is after it."""
    broker = KafkaBroker(
        job.bootstrap,
        acks="all",
        enable_idempotence=True,
        linger_ms=1,
        max_batch_size=_BATCH_BYTES,
        apply_types=False,
        logger=None,
    )

    async def assess(batch: Decoded) -> None:
        deliveries = []
        for message, value in batch:
            key = key_of(message)
            deliveries.append(await broker.publish(value, job.first, key=key, no_confirm=True))
            deliveries.append(await broker.publish(value, job.second, key=key, no_confirm=True))
        await asyncio.gather(*deliveries)

    broker.subscriber(
        job.source,
        group_id=job.group,
        auto_offset_reset="earliest",
        batch=True,
        max_records=FETCH_RECORDS,
        batch_timeout_ms=_POLL_MS,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        decoder=decode_batch,
    )(assess)
    return FastStream(broker, logger=None)


if __name__ == "__main__":
    given = Job.from_arguments()
    application = create(given)
    given.wait_for_start()
    asyncio.run(application.run())
