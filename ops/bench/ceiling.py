"""The ceiling of the model-bound comparison: the same messages straight to the same Triton, tokenized here.

    python -m ops.bench.ceiling TRITON_ADDRESS MODEL_FOLDER MESSAGES.jsonl BATCH IN_FLIGHT

Nothing but tokenization and requests: no Kafka, no ledger, no decision, no event. Windows are sorted by length over
several requests, so that padding costs least, and the next requests are ready before the last ones are answered.
Prints one JSON object.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from schemas import AdmittedMessage
from streams.adapters.model_bundle import load_bundle
from streams.adapters.triton import TritonModel
from streams.ports import Priority
from streams.text import EncodedWindow, vitals_vector

_SORTED_REQUESTS = 8
_WARM_UP_MESSAGES = 64
_TIMEOUT_S = 60.0


async def drive(
    address: str, model_dir: Path, messages: Sequence[AdmittedMessage], batch: int, in_flight: int
) -> float:
    """Return messages a second."""
    bundle = load_bundle(model_dir)
    model = TritonModel(address, name=model_dir.parent.name, version=model_dir.name, timeout_s=_TIMEOUT_S)
    slots = asyncio.Semaphore(in_flight)

    async def ask(windows: Sequence[EncodedWindow]) -> None:
        try:
            await model.infer(windows, Priority.STANDARD)
        finally:
            slots.release()

    async def run(chosen: Sequence[AdmittedMessage]) -> None:
        block = batch * _SORTED_REQUESTS
        async with asyncio.TaskGroup() as group:
            for start in range(0, len(chosen), block):
                part = chosen[start : start + block]
                vitals = [
                    vitals_vector(m.vitals, age_years=m.age_years, sex=m.sex, pregnant=m.pregnant)
                    for m in part
                ]
                encoded = bundle.windower.encode([m.text for m in part], vitals)
                windows = sorted((w for of_one in encoded for w in of_one), key=lambda w: len(w.input_ids))
                for first in range(0, len(windows), batch):
                    await slots.acquire()
                    group.create_task(ask(windows[first : first + batch]))

    try:
        await run(messages[:_WARM_UP_MESSAGES])
        started = time.perf_counter()
        await run(messages)
        return len(messages) / (time.perf_counter() - started)
    finally:
        await model.close()


def main() -> None:
    """See the module."""
    address, model_dir, file, batch, in_flight = sys.argv[1:]
    lines = Path(file).read_bytes().splitlines()
    messages = [AdmittedMessage.model_validate_json(line) for line in lines]
    before = time.process_time()
    rate = asyncio.run(drive(address, Path(model_dir), messages, int(batch), int(in_flight)))
    cpu_us = (time.process_time() - before) * 1e6 / len(messages)
    sys.stdout.write(json.dumps({"rate_per_s": rate, "cpu_us_per_message": cpu_us}) + "\n")


if __name__ == "__main__":
    main()
