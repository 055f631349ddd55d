"""The Faust apps: one a stage, so that a stage that waits for the model never holds up admission."""

from collections.abc import Sequence
from typing import Any

from streams.brokers import Brokers
from streams.engine import App, Output, Progress, RetryPolicy, run_batches
from streams.health import add_pages
from streams.kafka_security import faust_credentials, librdkafka_config
from streams.measured import MeasuredStage
from streams.settings import Settings, Stage
from streams.stages import admit_stage, assess_stages, learn_stage
from streams.topics import DEAD_LETTER_MAX_BYTES, EXPRESS, FEEDBACK, MESSAGES, STANDARD

__all__ = ["create_app"]

ADMIT_CHUNK = 32
STANDARD_CHUNK, LARGEST_STANDARD_CHUNK = 32, 500
FEEDBACK_CHUNK = 32
"""A chunk is what a crash repeats, and what an express request may have to wait behind: the standard lane's grows only
while the model answers faster than one on two cores does."""
EXPRESS_CHUNK = 16
EXPRESS_DEPTH, EXPRESS_QUEUE = 512, 8
"""Chunks of one partition in process, and read ahead of them. Deep, because during an outage of the model what is in
process is at least announced, and because nothing waits behind a slow message: urgent messages come one by one, so 8
partitions announce 4,096 of them. Bounded, because a backlog comes in chunks of EXPRESS_CHUNK and a message in process
takes about 9 kB: all 8 partitions full are 67,000 messages, 0.6 GB. What follows waits at the brokers."""
RETRY = RetryPolicy(initial_wait_s=0.1, max_wait_s=0.5)


def create_app(stage: Stage, settings: Settings) -> App:
    """Build the app of one stage; `faust worker` runs it."""
    settings.state_dir.mkdir(parents=True, exist_ok=True)  # Faust makes its own folder, not the one above
    app = App(
        f"triage-{stage}",
        broker=f"kafka://{settings.kafka_bootstrap}",
        broker_credentials=faust_credentials(settings),
        sink={**librdkafka_config(settings), "message.max.bytes": DEAD_LETTER_MAX_BYTES},
        stuck_loop_s=settings.stuck_loop_s,
        consumer_auto_offset_reset="earliest",
        store="memory://",
        datadir=str(settings.state_dir / stage),
        topic_disable_leader=True,
        topic_allow_declare=False,  # topics are made by operations, with their own retention and rights
        web_enabled=settings.web_port > 0,
        web_port=settings.web_port or 6066,
        web_bind=settings.web_bind,
    )
    if stage == "admit":
        _add_admit(app, settings)
    elif stage == "assess":
        _add_assess(app, settings)
    else:
        _add_learn(app, settings)
    return app


def _add_admit(app: App, settings: Settings) -> None:
    stage = MeasuredStage(MESSAGES.name, admit_stage(settings))
    add_pages(app, Brokers(librdkafka_config(settings)), {})
    topic = app.batch_topic(MESSAGES.name, chunk_size=ADMIT_CHUNK, maxsize=4)

    @app.agent(topic, name="admit")
    async def admit(stream: Any) -> None:
        await run_batches(stream, stage, sink=app.sink, retry=RETRY)


def _add_assess(app: App, settings: Settings) -> None:
    async def send(outputs: Sequence[Output]) -> None:
        await (await app.sink.send(outputs))

    stages = assess_stages(settings, send)
    for_express = MeasuredStage(EXPRESS.name, stages.express)
    for_standard = MeasuredStage(STANDARD.name, stages.standard)
    add_pages(app, Brokers(librdkafka_config(settings)), {"model": stages.live.ready})
    express = app.batch_topic(EXPRESS.name, chunk_size=EXPRESS_CHUNK, maxsize=EXPRESS_QUEUE)
    standard = app.batch_topic(
        STANDARD.name, chunk_size=STANDARD_CHUNK, largest_chunk=LARGEST_STANDARD_CHUNK, maxsize=4
    )

    # both lanes stand on the same model: faults on a quiet express lane must not crash both
    progress = Progress()

    @app.task
    async def follow_models() -> None:
        await stages.live.follow()

    @app.agent(express, name="assess-express")
    async def assess_express(stream: Any) -> None:
        await run_batches(
            stream, for_express, sink=app.sink, depth=EXPRESS_DEPTH, retry=RETRY, progress=progress
        )

    @app.agent(standard, name="assess-standard")
    async def assess_standard(stream: Any) -> None:
        await run_batches(stream, for_standard, sink=app.sink, retry=RETRY, progress=progress)


def _add_learn(app: App, settings: Settings) -> None:
    learn_from = learn_stage(settings)
    stage = MeasuredStage(FEEDBACK.name, learn_from)
    add_pages(app, Brokers(librdkafka_config(settings)), {"redis": learn_from.learning.buffer.ready})
    topic = app.batch_topic(FEEDBACK.name, chunk_size=FEEDBACK_CHUNK, maxsize=4)

    @app.agent(topic, name="learn")
    async def learn(stream: Any) -> None:
        # one chunk of a partition at a time: the words on one message are kept in their order
        await run_batches(stream, stage, sink=app.sink, depth=1, retry=RETRY)
