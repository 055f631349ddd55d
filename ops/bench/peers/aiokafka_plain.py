"""aiokafka alone: `getmany`, one `send` an output, wait for all of the batch, commit what it covered."""

import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from ops.bench.codec import decode, key_of
from ops.bench.job import FETCH_RECORDS, Job

_POLL_MS = 100
_BATCH_BYTES = 256 * 1024


async def run(job: Job) -> None:
    """Consume until cancelled."""
    consumer = AIOKafkaConsumer(
        job.source,
        bootstrap_servers=job.bootstrap,
        group_id=job.group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_poll_records=FETCH_RECORDS,
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=job.bootstrap,
        acks="all",
        enable_idempotence=True,
        linger_ms=1,
        max_batch_size=_BATCH_BYTES,
    )
    await asyncio.gather(consumer.start(), producer.start())
    while True:
        fetched = await consumer.getmany(timeout_ms=_POLL_MS, max_records=FETCH_RECORDS)
        deliveries = []
        for records in fetched.values():
            for record in records:
                key = key_of(decode(record.value))
                deliveries.append(await producer.send(job.first, record.value, key))
                deliveries.append(await producer.send(job.second, record.value, key))
        if fetched:
            await asyncio.gather(*deliveries)
            await consumer.commit({tp: records[-1].offset + 1 for tp, records in fetched.items()})


if __name__ == "__main__":
    given = Job.from_arguments()
    given.wait_for_start()
    asyncio.run(run(given))
