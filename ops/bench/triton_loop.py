"""Rows to one version on a running Triton, as a backlog is sent: tokenized here, requests sorted by length."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from streams.adapters.triton import TritonModel
from streams.ports import ModelAnswer, Priority
from streams.text import EncodedWindow, Windower
from trainer.data.rows import Row
from trainer.runs import MODEL_NAME
from trainer.served import Answers

__all__ = ["TritonLoop"]

_TIMEOUT_S = 60.0
_SORTED_REQUESTS = 8


@dataclass(frozen=True, slots=True)
class TritonLoop:
    """One version; `batch` rows a request, `in_flight` requests at a time."""

    address: str
    version: str
    windower: Windower
    batch: int
    in_flight: int

    def ask(self, rows: Sequence[Row]) -> Answers:
        """Answer the first window of each row, in their order. Raises Unavailable, ModelFault."""
        return asyncio.run(self._ask(rows))

    def latencies_ms(self, rows: Sequence[Row]) -> list[float]:
        """How long each of `rows` takes by itself, one after another."""
        return asyncio.run(self._one_by_one(rows))

    def _model(self) -> TritonModel:
        return TritonModel(self.address, name=MODEL_NAME, version=self.version, timeout_s=_TIMEOUT_S)

    def _windows(self, rows: Sequence[Row]) -> list[EncodedWindow]:
        encoded = self.windower.encode([row.text for row in rows], [row.vitals for row in rows])
        return [parts[0] for parts in encoded]

    async def _ask(self, rows: Sequence[Row]) -> Answers:
        model, slots = self._model(), asyncio.Semaphore(self.in_flight)
        answers: dict[int, ModelAnswer] = {}

        async def ask(part: Sequence[tuple[int, EncodedWindow]]) -> None:
            try:
                got = await model.infer([window for _, window in part], Priority.STANDARD)
            finally:
                slots.release()
            answers.update(zip([place for place, _ in part], got, strict=True))

        block = self.batch * _SORTED_REQUESTS
        try:
            async with asyncio.TaskGroup() as group:
                for start in range(0, len(rows), block):
                    windows = list(enumerate(self._windows(rows[start : start + block]), start))
                    windows.sort(key=lambda item: len(item[1].input_ids))
                    for first in range(0, len(windows), self.batch):
                        await slots.acquire()
                        group.create_task(ask(windows[first : first + self.batch]))
        finally:
            await model.close()
        ordered = [answers[place] for place in range(len(rows))]
        return Answers(
            np.stack([answer.diagnosis_logits for answer in ordered]),
            np.stack([answer.urgency_logits for answer in ordered]),
            np.stack([answer.embedding for answer in ordered]),
        )

    async def _one_by_one(self, rows: Sequence[Row]) -> list[float]:
        model, took = self._model(), []
        try:
            for row in rows:
                began = time.perf_counter()
                await model.infer(self._windows([row]), Priority.STANDARD)
                took.append((time.perf_counter() - began) * 1e3)
        finally:
            await model.close()
        return took
