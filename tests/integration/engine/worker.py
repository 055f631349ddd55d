"""A worker on the engine for the integration tests, as a program of its own so that it can be killed.

Usage: worker.py BOOTSTRAP SUFFIX FLAGS_DIR worker
"""

import sys
from pathlib import Path
from typing import Any

import faust

from streams.engine import App, RetryPolicy, run_batches
from tests.integration.engine.stage import EchoStage

BOOTSTRAP, SUFFIX, FLAGS = sys.argv.pop(1), sys.argv.pop(1), Path(sys.argv.pop(1))

app = App(
    f"engine-{SUFFIX}",
    broker=f"kafka://{BOOTSTRAP}",
    sink={"bootstrap.servers": BOOTSTRAP},
    stuck_rebalance_s=10.0,
    store="memory://",
    datadir=str(FLAGS / "data"),
    topic_disable_leader=True,
    topic_partitions=4,
    web_enabled=False,
)
express = app.batch_topic(f"express-{SUFFIX}", chunk_size=32, maxsize=4)
standard = app.batch_topic(f"standard-{SUFFIX}", chunk_size=100, maxsize=2)
plain = app.topic(f"plain-{SUFFIX}", value_serializer="raw", key_serializer="raw")
counts = app.topic(f"counts-{SUFFIX}", value_serializer="raw", key_serializer="raw")
seen = app.Table("seen", default=int, partitions=4, key_type=bytes, value_type=int)
RETRY = RetryPolicy(internal_attempts=2, initial_wait_s=0.01, max_wait_s=0.1)


async def run_express(stream: Any) -> None:
    await run_batches(stream, EchoStage("express", SUFFIX, FLAGS), sink=app.sink, depth=2, retry=RETRY)


async def run_standard(stream: Any) -> None:
    await run_batches(stream, EchoStage("standard", SUFFIX, FLAGS), sink=app.sink, depth=2, retry=RETRY)


async def count(stream: Any) -> None:
    async for key, _ in stream.items():  # noqa: PERF102 - a Faust stream, not a dict
        seen[key] += 1
        await (await counts.send(key=key, value=str(seen[key]).encode()))


app.agent(express)(run_express)
app.agent(standard)(run_standard)
app.agent(plain)(count)

if __name__ == "__main__":
    faust.Worker(app, loglevel="WARNING").execute_from_commandline()
