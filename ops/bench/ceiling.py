"""The ceiling of the model-bound comparison: the same messages straight to the same Triton, tokenized here.

    python -m ops.bench.ceiling TRITON_ADDRESS MODEL_FOLDER MESSAGES.jsonl BATCH IN_FLIGHT

Nothing but tokenization and requests: no Kafka, no ledger, no decision, no event. Windows are sorted by length over
several requests, so that padding costs least, and the next requests are ready before the last ones are answered.
The rate counts as that of the pipeline does: from the end of the warm-up, a tenth of the messages, to the last answer.
Prints one JSON object.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from ops.bench.figures import rate_per_s
from schemas import AdmittedMessage
from streams.adapters.model_bundle import ModelBundle, load_bundle
from streams.adapters.triton import TritonModel
from streams.ports import Priority
from streams.text import EncodedWindow, vitals_vector

_SORTED_REQUESTS = 8
_TIMEOUT_S = 60.0

Window = tuple[int, EncodedWindow]
"""With the place of its message."""


async def drive(
    address: str, model_dir: Path, messages: Sequence[AdmittedMessage], batch: int, in_flight: int
) -> float:
    """Return messages a second, without the warm-up."""
    bundle = load_bundle(model_dir)
    model = TritonModel(address, name=model_dir.parent.name, version=model_dir.name, timeout_s=_TIMEOUT_S)
    slots = asyncio.Semaphore(in_flight)
    answered_at_ms = [0] * len(messages)  # of a message's last window

    async def ask(windows: Sequence[Window]) -> None:
        try:
            await model.infer([window for _, window in windows], Priority.STANDARD)
        finally:
            slots.release()
        for index, _ in windows:
            answered_at_ms[index] = time.monotonic_ns() // 1_000_000

    block = batch * _SORTED_REQUESTS
    try:
        async with asyncio.TaskGroup() as group:
            for start in range(0, len(messages), block):
                windows = _windows(bundle, messages[start : start + block], start)
                for first in range(0, len(windows), batch):
                    await slots.acquire()
                    group.create_task(ask(windows[first : first + batch]))
    finally:
        await model.close()
    return rate_per_s(answered_at_ms)


def _windows(bundle: ModelBundle, messages: Sequence[AdmittedMessage], start: int) -> list[Window]:
    """The windows of messages `start`, `start` + 1, ..., sorted by length."""
    vitals = [
        vitals_vector(m.vitals, age_years=m.age_years, sex=m.sex, pregnant=m.pregnant) for m in messages
    ]
    encoded = bundle.windower.encode([m.text for m in messages], vitals)
    windows = [(start + i, window) for i, of_one in enumerate(encoded) for window in of_one]
    return sorted(windows, key=lambda window: len(window[1].input_ids))


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
