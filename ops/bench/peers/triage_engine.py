"""Ours: `streams.engine` on Faust, in chunks for throughput; or `as_deployed`, in small chunks, with measures."""

import asyncio
import sys
from collections.abc import Sequence
from threading import Event
from typing import Any

import faust
from aiokafka import ConsumerRecord

from ops.bench.codec import decode, key_of
from ops.bench.job import FETCH_RECORDS, Job, arm
from schemas import PatientMessage
from streams.app import LARGEST_STANDARD_CHUNK, STANDARD_CHUNK
from streams.engine import App, Output, run_batches
from streams.errors import Rejected
from streams.measured import MeasuredStage

CHUNK = 500
MODEL_BATCH, MODEL_REQUESTS = 8, 3
"""The product's own limits: messages in a request, requests in flight of one worker."""
_GATE_POLL_S = 0.01


class IdentityStage:
    """Both outputs carry the message as it came; with a latency, as if a model had been asked about it."""

    def __init__(self, job: Job, started: Event) -> None:
        self._job = job
        self._started = started
        self._requests = asyncio.Semaphore(MODEL_REQUESTS)

    def decode(self, record: ConsumerRecord) -> PatientMessage:
        return decode(record.value)

    async def handle(self, items: Sequence[tuple[ConsumerRecord, PatientMessage]]) -> list[list[Output]]:
        while not self._started.is_set():  # noqa: ASYNC110 - set by a thread, once, before any measurement
            await asyncio.sleep(_GATE_POLL_S)
        if self._job.model_latency_s:
            requests = range(0, len(items), MODEL_BATCH)
            await asyncio.gather(*(self._ask() for _ in requests))
        first, second = self._job.first, self._job.second
        outputs = []
        for record, message in items:
            key = key_of(message)
            outputs.append([Output(first, key, record.value), Output(second, key, record.value)])
        return outputs

    async def dead_letter(self, record: ConsumerRecord, cause: Rejected) -> Output:
        raise AssertionError(f"every record of the benchmark is valid, {cause.code} is not")

    async def _ask(self) -> None:
        async with self._requests:
            await asyncio.sleep(self._job.model_latency_s)


def create_app(job: Job, started: Event, *, as_deployed: bool) -> App:
    """Build the app; its settings are those of `streams.app` where throughput depends on them."""
    app = App(
        job.group,
        broker=f"kafka://{job.bootstrap}",
        sink={"bootstrap.servers": job.bootstrap},
        consumer_auto_offset_reset="earliest",
        broker_max_poll_records=FETCH_RECORDS,
        store="memory://",
        datadir=str(job.state_dir),
        topic_disable_leader=True,
        topic_allow_declare=False,
        web_enabled=False,
    )
    smallest, largest = (STANDARD_CHUNK, LARGEST_STANDARD_CHUNK) if as_deployed else (CHUNK, CHUNK)
    topic = app.batch_topic(job.source, chunk_size=smallest, largest_chunk=largest, maxsize=4)

    async def assess(stream: Any) -> None:
        stage = IdentityStage(job, started)
        await run_batches(stream, MeasuredStage(job.source, stage) if as_deployed else stage, sink=app.sink)

    app.agent(topic, name="assess")(assess)
    return app


def main(*, as_deployed: bool) -> None:
    """Join the group at once; process from the start signal on."""
    job = Job.from_arguments()
    # Behind a simulated model the chunks are the product's: it is asked for one chunk at a time.
    app = create_app(job, started := arm(job.ready_file), as_deployed=as_deployed or job.model_latency_s > 0)
    sys.argv += ["worker", "--loglevel", "warn"]
    del started
    faust.Worker(app, loglevel="WARNING").execute_from_commandline()


if __name__ == "__main__":
    main(as_deployed=False)
