"""Asks the exported graph as service does: one sequence per execution, one thread per session."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from rich.progress import track

from streams.ports import ModelAnswer
from streams.text import EncodedWindow, Windower
from trainer.batches import encode
from trainer.data.rows import Row
from trainer.server_code import disabled_optimizers

__all__ = ["Answers", "ServedGraph"]

_OUTPUTS = ["diagnosis_logits", "urgency_logits", "diagnosis_attribution", "urgency_attribution", "embedding"]


@dataclass(frozen=True, slots=True)
class Answers:
    """For k rows: `diagnosis_logits` [k, d], `urgency_logits` [k, 5], `embedding` [k, h], all float32."""

    diagnosis_logits: NDArray[np.float32]
    urgency_logits: NDArray[np.float32]
    embedding: NDArray[np.float32]


class ServedGraph:
    """A version's `model.onnx` with its tokenizer, and the graph transforms that it is served with.

    `served_by`: the code whose transforms these are; None: the `model.py` beside the graph. Raises ServerCodeUnknown.
    `ask` reads only the first window of a long text, as training does; `ask_windows` takes every window, as service
    does, and returns attributions too.
    """

    def __init__(
        self, path: Path, windower: Windower, *, workers: int, served_by: Path | None = None
    ) -> None:
        self.disabled_optimizers = disabled_optimizers(served_by or path.with_name("model.py"))
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = ort.InferenceSession(
            str(path),
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=list(self.disabled_optimizers),
        )
        self._windower = windower
        self._workers = workers

    def ask(self, rows: Sequence[Row], *, title: str) -> Answers:
        """Return the answers in the order of `rows`."""
        ids = encode(rows, self._windower)
        with ThreadPoolExecutor(self._workers) as pool:
            asked = pool.map(self._ask_one, ids, [row.vitals for row in rows])
            answers = list(track(asked, title, total=len(rows), transient=True))
        diagnosis, urgency, embedding = (np.concatenate(part) for part in zip(*answers, strict=True))
        return Answers(diagnosis, urgency, embedding)

    def ask_windows(self, windows: Sequence[EncodedWindow], *, title: str | None) -> list[ModelAnswer]:
        """Return the whole answer to each window, in their order; no progress is shown without `title`."""
        with ThreadPoolExecutor(self._workers) as pool:
            asked = pool.map(self.answer, windows)
            return list(track(asked, title or "", total=len(windows), transient=True, disable=title is None))

    def answer(self, window: EncodedWindow) -> ModelAnswer:
        """Return the whole answer to one window, computed in the calling thread."""
        ids = window.input_ids
        outputs = self._session.run(
            _OUTPUTS,
            {
                "input_ids": ids[None],
                "attention_mask": np.ones_like(ids)[None],
                "vitals": window.vitals[None],
            },
        )
        diagnosis, urgency, for_diagnosis, for_urgency, embedding = (output[0] for output in outputs)
        return ModelAnswer(
            diagnosis_logits=diagnosis,
            urgency_logits=urgency,
            diagnosis_attribution=for_diagnosis,
            urgency_attribution=for_urgency[: len(ids)],
            vitals_attribution=for_urgency[len(ids) :],
            embedding=embedding,
        )

    def _ask_one(
        self, ids: NDArray[np.int64], vitals: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        outputs = self._session.run(
            ["diagnosis_logits", "urgency_logits", "embedding"],
            {"input_ids": ids[None], "attention_mask": np.ones_like(ids)[None], "vitals": vitals[None]},
        )
        return outputs[0], outputs[1], outputs[2]
