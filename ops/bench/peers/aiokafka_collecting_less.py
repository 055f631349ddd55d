"""aiokafka alone again, with our engine's setting of Python's garbage collector: what of the difference is that."""

import asyncio
import gc

from ops.bench.job import Job
from ops.bench.peers.aiokafka_plain import run
from streams.engine.app import COLLECT_EVERY_ALLOCATIONS

if __name__ == "__main__":
    given = Job.from_arguments()
    given.wait_for_start()
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY_ALLOCATIONS)
    asyncio.run(run(given))
